/**
 * What centres and mail gateways put behind a page: notices, signatures, rulers. A line that begins
 * so ends the page, unless it stands at its very beginning and there is no subject.
 */
const ENDS = [
  'confidentiality',
  'confidential notice',
  'notice of confidentiality',
  'notice: this',
  'disclaimer',
  'privileged',
  'public records',
  'under florida law',
  'pursuant to',
  'this e-mail',
  'this email',
  'this message is',
  'this message and',
  'this message may',
  'this message contains',
  'this message was sent',
  'this electronic',
  'this transmission',
  'this communication',
  'this information is',
  'the information contained',
  'the information transmitted',
  'the contents of this',
  'e-mail correspondence',
  'email correspondence',
  'to unsubscribe',
  'unsubscribe',
  'you received this',
  'you are receiving this',
  'you have received this',
  'if you are not the intended',
  'if you have received this',
  'please do not reply',
  'please do not respond',
  'do not reply to',
  'do not respond to',
  'sent from my',
  'sent via',
  'sent by ',
  'to reply to this',
  'reply stop',
  'text stop',
  'msg&data',
  '** end of message',
  '*** end of',
  'end of message',
  'disclaimer:',
  'caution: this email',
  'this is an automated',
  'this is an automatically',
];
const BY_FIRST = Map.groupBy(ENDS, (end): string | undefined => end[0]);
/** The same glued to the last line of the page. */
const GLUED =
  /(?:Please note: ?(?:under|this)|CONFIDENTIALITY (?:NOTICE|STATEMENT)|This e-?mail (?:and|message|is|may|was)|This message (?:is|may|was|contains|and any)|You are receiving this|To unsubscribe|Sent from my )/i;
const SIGNATURE = new Set(['--', '-- ', '---']);
const RULER = /^[\s_*=~#.-]+$/;

/** The lines of the page without its trailer. */
export function shedTrailer(lines: readonly string[], hasSubject = false): string[] {
  const first = hasSubject ? -1 : lines.findIndex((line) => line.trim() !== '');
  const end = lines.findIndex((line, index) => index > first && isEnd(line));
  const before = end < 0 ? [...lines] : lines.slice(0, end);
  const kept = GLUED.test(before.join('\n')) ? before.map(shedGlued) : before;
  while (kept.length > 0 && isRuler(kept.at(-1) ?? '')) kept.pop();
  return kept;
}

function shedGlued(line: string): string {
  const at = GLUED.exec(line)?.index ?? 0;
  return at > 0 ? line.slice(0, at) : line;
}

/** What stands behind the blanks and marks that a line may begin with. */
const FIRST = /[^\s*_>#-]|[*]/;

function isEnd(line: string): boolean {
  if (SIGNATURE.has(line)) return true;
  if (!BY_FIRST.has(FIRST.exec(line)?.[0].toLowerCase())) return false;
  const start = line
    .slice(0, 60)
    .trimStart()
    .replace(/^[*_>#-]{1,5}/, '')
    .trimStart()
    .toLowerCase();
  return BY_FIRST.get(start[0])?.some((end) => start.startsWith(end)) ?? false;
}

/** A blank line or a line of dashes, underscores or stars that ends the text. */
function isRuler(line: string): boolean {
  const trimmed = line.trim();
  return trimmed === '' || (trimmed.length >= 3 && RULER.test(trimmed.slice(0, 200)));
}
