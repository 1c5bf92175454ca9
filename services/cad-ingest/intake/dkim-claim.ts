/** What a signature says of itself, before anybody has checked it. */
export interface DkimClaim {
  /** `d=`, in lower case; empty where the field is not well formed. */
  readonly domain: string;
  /** False where `h=` leaves out `From`, which RFC 6376 section 5.4 forbids. */
  readonly signsFrom: boolean;
  /** False where `l=` leaves a part of the body to anybody (RFC 6376 section 8.2). */
  readonly wholeBody: boolean;
}

const NOTHING: DkimClaim = { domain: '', signsFrom: false, wholeBody: false };

/** Reads an unfolded `DKIM-Signature` (RFC 6376 section 3.2); a tag that stands twice spoils it. */
export function dkimClaimOf(value: string): DkimClaim {
  const tags = new Map<string, string>();
  for (const part of value.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim();
    if (equals === -1 || tags.has(name)) return NOTHING;
    tags.set(name, part.slice(equals + 1).replaceAll(/\s/g, ''));
  }
  const fields = (tags.get('h') ?? '').toLowerCase().split(':');
  return {
    domain: (tags.get('d') ?? '').toLowerCase(),
    signsFrom: fields.includes('from'),
    wholeBody: !tags.has('l'),
  };
}
