/** Words in front of a page, or of its call type, that say that a known call is changed. */
const UPDATE =
  /^(?:update[ds]?|fyi|cancel(?:l?ed)?|cancellation|reassign(?:ed)?|2nd page|second page|info|changed?|correction|disregard|upgrade[ds]?|change of address)\b[ :;!*.-]{0,4}/i;
/** In capitals these need no mark behind them: `CANCEL 12 MILL RD`, `***UPDATE*** OCA: 12`. */
const SHOUTED =
  /^\*{0,3}(?:UPDATED?|FYI|CANCEL(?:L?ED)?|REASSIGN(?:ED)?|2ND PAGE|SECOND PAGE)\*{0,3}(?= )/;

/** `FYI: ;`, `Update: ;` or `CANCEL;` in front of a page or of its call type: the text of the token. */
export function updateToken(text: string): string | undefined {
  const near = text.slice(0, 40);
  const shouted = SHOUTED.exec(near);
  if (shouted !== null) return shouted[0];
  const found = UPDATE.exec(near);
  if (found === null) return undefined;
  const [token] = found;
  const mark =
    /[:;!*-]/.test(token) || /^\s*[;:\n]/.test(text.slice(token.length, token.length + 3));
  return mark || /^\s*$/.test(text.slice(token.length)) ? token : undefined;
}
