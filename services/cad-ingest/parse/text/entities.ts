/** The named entities that mail really carries. Others stay as they stand in the text. */
const NAMED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    ensp: ' ',
    emsp: ' ',
    ndash: '-',
    mdash: '-',
    hellip: '...',
    lsquo: "'",
    rsquo: "'",
    ldquo: '"',
    rdquo: '"',
    bull: '*',
    middot: '*',
    deg: '°',
    omega: 'Ω',
    Omega: 'Ω',
    tab: '\t',
    newline: '\n',
  }),
);

/** `&#x2126;` and `&omega;` are short; a longer run behind an ampersand is no entity. */
const ENTITY_CHARS_MAX = 10;

/** Decodes HTML entities once, left to right; a lone ampersand stays. */
export function decodeEntities(text: string): string {
  let at = text.indexOf('&');
  if (at < 0) return text;
  const parts: string[] = [];
  let from = 0;
  while (at >= 0) {
    const entity = entityAt(text, at);
    if (entity) {
      parts.push(text.slice(from, at), entity.value);
      from = entity.end;
    }
    at = text.indexOf('&', entity ? entity.end : at + 1);
  }
  parts.push(text.slice(from));
  return parts.join('');
}

function entityAt(text: string, at: number): { value: string; end: number } | undefined {
  const near = text.slice(at + 1, at + 2 + ENTITY_CHARS_MAX);
  const stop = near.indexOf(';');
  if (stop < 1) return undefined;
  const name = near.slice(0, stop);
  const value = name.startsWith('#') ? numeric(name.slice(1)) : NAMED.get(name);
  return value === undefined ? undefined : { value, end: at + stop + 2 };
}

function numeric(digits: string): string | undefined {
  const hex = digits.startsWith('x') || digits.startsWith('X');
  const valid = hex ? /^[xX][0-9a-fA-F]{1,6}$/ : /^\d{1,7}$/;
  if (!valid.test(digits)) return undefined;
  const code = hex ? Number.parseInt(digits.slice(1), 16) : Number(digits);
  if (code === 160) return ' ';
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code === 0 || code > 0x10ffff || surrogate ? undefined : String.fromCodePoint(code);
}
