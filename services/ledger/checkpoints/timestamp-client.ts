/** One question to a timestamp authority (RFC 3161, over HTTP as its section 3.4 has it). */
import { createHash, randomBytes } from 'node:crypto';
import { integerOf, openDer, readDer, TAG } from '../portable/der.ts';
import { verifyTimestamp } from '../portable/timestamp.ts';
import type { TimestampSettings } from './timestamp-settings.ts';

const REQUEST_TIMEOUT_MS = 10_000;
/** A token with a few certificates has some 5 KB. */
const ANSWER_BYTES_MAX = 64 * 1024;
const NONCE_BYTES = 16;
/** PKIStatus granted, and granted with changes. */
const GRANTED = ['0', '1'];
/** What an authority's clock may differ by from ours. */
const CLOCK_SKEW_MS_MAX = 10 * 60_000;

const SHA256 = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01);

/** The token for these bytes, verified. Throws a sentence when there is no good one. */
export async function askForTimestamp(
  settings: TimestampSettings,
  bytes: Uint8Array,
  about: { readonly nowMs: number; readonly stop: AbortSignal },
): Promise<Uint8Array> {
  const { url, roots, policy } = settings;
  const nonce = positive(randomBytes(NONCE_BYTES));
  const answer = await fetch(url, {
    method: 'POST',
    body: Buffer.from(requestOf({ bytes, nonce, policy })),
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply',
    },
    // Only the configured host is ever talked to.
    redirect: 'error',
    signal: AbortSignal.any([about.stop, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  if (answer.status !== 200) throw new Error(`the authority answered ${answer.status}`);
  const token = tokenIn(await boundedBytes(answer));
  const verdict = verifyTimestamp({ token, bytes, roots });
  if (!verdict.ok) throw new Error(verdict.reason);
  if (verdict.nonce !== integerOf(readDer(der(TAG.integer, nonce)))) {
    throw new Error('the timestamp answers another request');
  }
  if (policy !== undefined && verdict.policy !== policy) {
    throw new Error('the timestamp is under another policy');
  }
  if (Math.abs(Date.parse(verdict.at) - about.nowMs) > CLOCK_SKEW_MS_MAX) {
    throw new Error('the timestamp is not of now');
  }
  return token;
}

/** TimeStampReq: version 1, the hash, the policy, the nonce, and that certificates are wanted. */
function requestOf(about: {
  readonly bytes: Uint8Array;
  readonly nonce: Uint8Array;
  readonly policy: string | undefined;
}): Uint8Array {
  const digest = createHash('sha256').update(about.bytes).digest();
  const algorithm = der(TAG.sequence, der(TAG.oid, SHA256), der(0x05));
  return der(
    TAG.sequence,
    der(TAG.integer, Uint8Array.of(1)),
    der(TAG.sequence, algorithm, der(TAG.bytes, digest)),
    ...(about.policy === undefined ? [] : [der(TAG.oid, arcsOf(about.policy))]),
    der(TAG.integer, about.nonce),
    der(TAG.boolean, Uint8Array.of(0xff)),
  );
}

/** TimeStampResp: the token, when it was granted. */
function tokenIn(response: Uint8Array): Uint8Array {
  const reader = openDer(readDer(response));
  const status = integerOf(openDer(reader.next(TAG.sequence)).next(TAG.integer));
  if (!GRANTED.includes(status)) throw new Error(`the authority refused, with status ${status}`);
  const token = reader.next(TAG.sequence).whole;
  reader.end();
  return token;
}

/** An element of DER; what is made here is short. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  if (content.length >= 0x80) throw new Error('longer than what is made here');
  return Buffer.concat([Uint8Array.of(tag, content.length), content]);
}

/** Bytes of an integer over zero in its shortest form: neither padded nor negative. */
function positive(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[0] = ((copy[0] ?? 0) & 0x3f) | 0x40;
  return copy;
}

function arcsOf(oid: string): Uint8Array {
  const [first = 0, second = 0, ...others] = oid.split('.').map(Number);
  return Uint8Array.from([first * 40 + second, ...others].flatMap(base128));
}

function base128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) + 128);
  }
  return digits;
}

async function boundedBytes({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
