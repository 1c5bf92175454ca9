/**
 * Operator stamps inside narratives: `[05/12/19 13:43:31 OPERATOR]`, `13:43:31 OPERATOR: text`,
 * `** 05/12/2019 13:43:31 0709 **`, `05/12/19 13:43:31 : pos3 : USER`, `05/12/19 13:43:31~`.
 */
const BRACKETED =
  /\[(?:[A-Za-z :]{0,20})?\d{1,4}[/-]\d{1,2}(?:[/-]\d{2,4})?,?[ T]{1,3}\d{1,2}:\d{2}(?::\d{2})?[^[\]\n]{0,60}\]|\[\d{1,2}:\d{2}:\d{2}[^[\]\n]{0,40}\]/g;
const STARRED =
  /\*{1,3} {0,2}\d{1,2}\/\d{1,2}\/\d{2,4}(?:\*{0,3} {0,2}\d{1,2}:\d{2}(?::\d{2})?)?[^*\n]{0,40}\*{1,3}/g;
const LEADING =
  /^(?:\d{1,2}\/\d{1,2}\/\d{2,4}[ ,~]{1,3})?\d{1,2}:\d{2}:\d{2}(?: [AP]M)?(?: ?[:~-]+ ?(?:pos ?\d{1,3} ?: ?)?(?:[A-Za-z0-9_.,]{1,20} ?[:-] )?| [A-Za-z0-9_.,-]{2,20}(?:: |\t)|~| \([A-Za-z0-9._]{2,20}\) ?| {1,4})/;
const TRAILING =
  / [-:] ?(?:[A-Z]{2,12} ?)?\(?\d{1,2}\/\d{1,2}\/\d{2,4} \d{1,2}:\d{2}(?::\d{2})?\)?$/;
const NARRATIVE_CHARS_MAX = 60_000;

/** `[Odor in basement]`: a sentence in brackets. */
const WRAPPED = /^\[([^[\]]{3,400} [^[\]]{3,400})\]$/;

/** Lines joined by newlines, without stamps and rulers; blank lines fall out. */
export function readNarrative(value: string): string {
  const lines = shedStamps(listed(value.slice(0, NARRATIVE_CHARS_MAX * 2)))
    .split('\n')
    .map((line) => cleanLine(line.trim()))
    .map((line) => WRAPPED.exec(line)?.[1] ?? line)
    .filter((line) => line !== '' && !/^[-_*=~#.\s]+$/.test(line.slice(0, 200)));
  return saidOnce(lines).join('\n').slice(0, NARRATIVE_CHARS_MAX).trimEnd();
}

/** Without lines that say what one before them says, letter by letter, in whatever case. */
function saidOnce(lines: readonly string[]): readonly string[] {
  if (lines.length < 2) return lines;
  const seen = new Set<string>();
  return lines.filter((line) => {
    const said = line
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]+/g, ' ')
      .trim();
    const again = said.length >= SAID_CHARS_MIN && seen.has(said);
    seen.add(said);
    return !again;
  });
}

/** Shorter lines, such as a time or `OK`, may be meant twice. */
const SAID_CHARS_MIN = 12;

/** The text with a line break in the place of every stamp in brackets or stars. */
export function shedStamps(text: string): string {
  const bare = text.includes('[') ? text.replaceAll(BRACKETED, '\n') : text;
  return bare.includes('*') ? bare.replaceAll(STARRED, '\n') : bare;
}

/** The first stamp of a text that has one. */
export function firstStamp(text: string): string | undefined {
  const bracketed = text.includes('[') ? text.match(BRACKETED)?.[0] : undefined;
  const marked = bracketed ?? (text.includes('*') ? text.match(STARRED)?.[0] : undefined);
  if (marked !== undefined) return marked;
  if (!/\d:\d/.test(text)) return undefined;
  for (const line of text.split('\n')) {
    const leading = LEADING.exec(line.slice(0, 80));
    if (leading !== null && line.length > leading[0].length + 3) return leading[0];
  }
  return undefined;
}

/** `[text], [text]`: entries of a list. */
function listed(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[') || !trimmed.endsWith(']') || !trimmed.includes('], [')) return text;
  return trimmed.slice(1, -1).replaceAll('], [', '\n');
}

function cleanLine(line: string): string {
  const start = line.slice(0, 80).replace(LEADING, '');
  const bare = (start + line.slice(80)).trim().replace(/[,;]{1,3}$/, '');
  return bare.length > 400 ? bare : bare.replace(TRAILING, '').trim();
}
