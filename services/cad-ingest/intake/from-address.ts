/** Why the value of a `From` field does not name one sender that every reader sees alike. */
export type FromFinding =
  | 'from-several-addresses'
  | 'from-encoded-address'
  | 'from-not-ascii'
  | 'from-not-an-address';

/** RFC 5321 section 4.5.3.1.3: a path has 256 octets with its angle brackets. */
const ADDRESS_CHARS_MAX = 254;
/** No one sender is longer; it also bounds the work on a value made of backslashes and quotes. */
const VALUE_CHARS_MAX = 998;
const ADDRESS =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]$/;

/**
 * The one address of an unfolded `From` value, in lower case. Takes `address` and `phrase <address>`
 * and nothing else of RFC 5322: groups, routes, quoted local parts and encoded addresses are where
 * two libraries name two different senders.
 */
export function soleAddress(
  value: string,
): { readonly address: string } | { readonly finding: FromFinding } {
  const bare = value.length > VALUE_CHARS_MAX ? undefined : withoutQuotesAndComments(value);
  if (bare === undefined) return { finding: 'from-not-an-address' };
  if (/[,;:]/.test(bare) || bare.split('<').length > 2)
    return { finding: 'from-several-addresses' };
  const { phrase, spec } = partsOf(bare);
  // `desk@a.example <desk@a.example>` is common and harmless; two different ones are not.
  if (phrase.includes('@') && phrase.trim().toLowerCase() !== spec.toLowerCase()) {
    return { finding: 'from-several-addresses' };
  }
  if (spec.includes('=?')) return { finding: 'from-encoded-address' };
  if (/[^\0-\x7f]/.test(spec)) return { finding: 'from-not-ascii' };
  const address = spec.toLowerCase();
  if (address.length > ADDRESS_CHARS_MAX || !ADDRESS.test(address)) {
    return { finding: 'from-not-an-address' };
  }
  return { address };
}

/** An angle bracket out of place makes the specification one that no address fits. */
function partsOf(bare: string): { readonly phrase: string; readonly spec: string } {
  const found = /^([^<>]*)<([^<>]*)>[ \t]*$/.exec(bare);
  if (found === null) return { phrase: '', spec: bare.trim() };
  return { phrase: found[1] ?? '', spec: found[2] ?? '' };
}

/**
 * Puts a control character for each quoted string and a blank for each comment, so that what is left
 * has no hidden separators. `undefined` when one of them does not end, or is nested.
 */
function withoutQuotesAndComments(value: string): string | undefined {
  const bare = value.replaceAll(/"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)/gs, (found) =>
    found.startsWith('"') ? '\u0001' : ' ',
  );
  return /["()]/.test(bare) ? undefined : bare;
}
