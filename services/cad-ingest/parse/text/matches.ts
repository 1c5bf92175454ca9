/**
 * All matches of a global pattern, left to right. `matchAll` makes a copy of the pattern at each call,
 * which costs more than most texts do.
 */
export function matchesOf(pattern: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    found.push(match);
  }
  return found;
}
