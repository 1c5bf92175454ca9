import { timingSafeEqual } from 'node:crypto';
import { SIGNED_URL_LIFETIME_SECONDS_MAX, UPLOAD_LIFETIME_SECONDS } from '#contracts/limits.ts';
import type { GetTerms, PutTerms } from '#shared/ports/blobs.ts';
import type { Vault } from '#shared/ports/vault.ts';

/** Terms are a few hundred characters; what is longer is not ours and not worth a hash. */
const TICKET_CHARS_MAX = 4_096;
const TICKET = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;
/** RFC 9110 section 8.3.1, with the parameters that we give: it ends up in a header. */
const MEDIA_TYPE = /^[a-z0-9.+-]+\/[a-z0-9.+-]+(; charset=utf-8)?$/;
const SHA256 = /^[0-9a-f]{64}$/;

interface Common {
  readonly key: string;
  readonly contentType: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}
export interface PutTicket extends Common {
  readonly method: 'PUT';
  readonly sizeBytes: number;
  readonly sha256: string;
}
export interface GetTicket extends Common {
  readonly method: 'GET';
  readonly fileName: string;
}
export type Terms = PutTicket | GetTicket;

/** A ticket is its terms and a MAC over them: the whole authority for one object and one method. */
export interface Tickets {
  issue(terms: Terms): Promise<string>;
  /** The terms; `undefined` for a ticket that is not ours, for another method, or over. */
  read<Method extends Terms['method']>(
    ticket: string,
    method: Method,
  ): Promise<Extract<Terms, { method: Method }> | undefined>;
}

export function openTickets(parts: {
  readonly store: string;
  readonly vault: Vault;
  readonly clock: () => number;
}): Tickets {
  const { store, vault, clock } = parts;
  const macOf = async (text: string) => {
    const mac = await vault.mac(`blob-ticket/${store}`, Buffer.from(text));
    return Buffer.from(mac).toString('base64url');
  };
  return {
    async issue(terms) {
      const text = Buffer.from(JSON.stringify(terms)).toString('base64url');
      return `${text}.${await macOf(text)}`;
    },
    async read<Method extends Terms['method']>(ticket: string, method: Method) {
      const [, text, mac] = (ticket.length <= TICKET_CHARS_MAX && TICKET.exec(ticket)) || [];
      if (text === undefined || mac === undefined) return undefined;
      // Compared as text: a MAC has one spelling only, and a second one is not ours.
      if (!timingSafeEqual(Buffer.from(mac), Buffer.from(await macOf(text)))) return undefined;
      // Behind the MAC it is what `issue` made.
      const terms = JSON.parse(Buffer.from(text, 'base64url').toString()) as Terms;
      if (terms.method !== method || terms.expiresAt <= clock()) return undefined;
      return terms as Extract<Terms, { method: Method }>;
    },
  };
}

/** Terms come from a service, which has checked its input: what does not fit is a bug. */
export function assertPutTerms(terms: PutTerms): void {
  const { sizeBytes, sha256 } = terms;
  assertCommon(terms, UPLOAD_LIFETIME_SECONDS);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new Error('a length is needed');
  if (!SHA256.test(sha256)) throw new Error('a SHA-256 in lower-case hex is needed');
}

export function assertGetTerms(terms: GetTerms): void {
  assertCommon(terms, SIGNED_URL_LIFETIME_SECONDS_MAX);
  if (!terms.fileName.isWellFormed()) throw new Error('a file name is well-formed text');
}

function assertCommon(
  { contentType, lifetimeSeconds }: { contentType: string; lifetimeSeconds: number },
  lifetimeSecondsMax: number,
): void {
  if (!MEDIA_TYPE.test(contentType)) throw new Error(`${contentType} is no media type`);
  if (lifetimeSeconds > 0 && lifetimeSeconds <= lifetimeSecondsMax) return;
  throw new Error(`a signed URL lives for at most ${lifetimeSecondsMax} s`);
}
