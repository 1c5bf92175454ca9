const BLANK = 32;
const LAST_PRINTABLE = 126;

/** One blank for each run of white space, and none at either end. */
export function squeeze(text: string): string {
  return isSqueezed(text) ? text : text.replaceAll(/\s+/g, ' ').trim();
}

/** Printable ASCII with single blanks between words: nearly every value is so already. */
export function isSqueezed(text: string): boolean {
  let before = BLANK;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < BLANK || code > LAST_PRINTABLE || (code === BLANK && before === BLANK)) return false;
    before = code;
  }
  return before !== BLANK || text === '';
}
