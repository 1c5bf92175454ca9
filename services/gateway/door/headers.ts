import { IDEMPOTENCY_KEY_CHARS_MAX } from '#contracts/limits.ts';
import type { Operation } from '#contracts/operation.ts';
import { Problem } from '#shared/problem.ts';

/** Longest that a caller can ask to wait for the ledger's receipt; the rest of the time is ours. */
export const RECEIPT_WAIT_SECONDS_MAX = 5;
/** A longer list of preferences is passed over: reading it would cost more than it is worth. */
const PREFER_CHARS_MAX = 200;
/** What browsers send is a fraction of it. */
const ACCEPT_CHARS_MAX = 1_000;
/** A version is a count of changes: fifteen digits fit into a number exactly. */
const VERSION_DIGITS_MAX = 15;

const strongTag = new RegExp(`^"([1-9]\\d{0,${VERSION_DIGITS_MAX - 1}})"$`);

/** The entity tag of a version. Strong: equal tags mean the same record, byte for byte. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that `If-Match` asks for; `undefined` without the header and for `*`, which any
 * existing record satisfies. A weak tag never matches (RFC 9110 section 13.1.1), and of a list we
 * could not say which version the change was meant for: both are told, not guessed.
 */
export function ifMatchOf(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, version] = strongTag.exec(header.trim()) ?? [];
  if (version !== undefined) return Number(version);
  throw headerProblem('if-match', 'must be one ETag as this service gave it, such as "3", or *');
}

/** True when `If-None-Match` names this version: the answer is 304. Tags compare weakly here. */
export function isNoneMatch(header: string | undefined, version: number): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(version));
}

/**
 * Whether `Accept` likes the type better than JSON (RFC 9110 section 12.5.1). With equal weights, and
 * for a type that it does not name, the answer is JSON, which is what every operation gives.
 */
export function isPreferred(accept: string | undefined, type: string): boolean {
  if (accept === undefined || accept.length > ACCEPT_CHARS_MAX) return false;
  const weights = new Map(accept.split(',').map(weightOf));
  const json = ['application/json', 'application/*', '*/*'].find((range) => weights.has(range));
  return (weights.get(type) ?? 0) > (weights.get(json ?? '') ?? 0);
}

/** `text/plain;q=0.5`: the range, and how much it is liked. */
function weightOf(range: string): readonly [string, number] {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const liked = weight === undefined ? 1 : Number(weight.slice(2));
  return [type, liked >= 0 && liked <= 1 ? liked : 0];
}

/** One to 200 visible characters; anything else could be cut or folded on the way. */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x21-\x7e]+$/.test(header) && header.length <= IDEMPOTENCY_KEY_CHARS_MAX) return header;
  const detail = `must be 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters`;
  throw headerProblem('idempotency-key', detail);
}

/**
 * Seconds of `Prefer: wait=<seconds>` (RFC 7240 section 4.3), at most RECEIPT_WAIT_SECONDS_MAX.
 * A preference that cannot be read is passed over, as the RFC asks; the first of several counts.
 */
export function waitSecondsOf(prefer: string | undefined): number | undefined {
  if (prefer === undefined || prefer.length > PREFER_CHARS_MAX) return undefined;
  for (const preference of splitOutsideQuotes(prefer)) {
    const [, , digits] = /^\s*wait\s*=\s*("?)(\d{1,9})\1\s*(?:;|$)/i.exec(preference) ?? [];
    if (digits !== undefined) return Math.min(Number(digits), RECEIPT_WAIT_SECONDS_MAX);
  }
  return undefined;
}

/** What stands behind `Bearer` (RFC 6750 section 2.1); `undefined` for any other scheme. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization)?.[1];
}

/** Whether `If-Match` has a meaning: a change of what has versions and is named by the path. */
export function takesIfMatch({ http, audit, versioned }: Operation): boolean {
  if (http === undefined || audit.kind !== 'change' || versioned !== true) return false;
  // A path without an id names one thing only where something is put there: settings.
  return http.method === 'PUT' || (http.method !== 'GET' && http.path.includes('{'));
}

/** Whether there is a receipt to wait for: reads are events too, but answer without theirs. */
export function takesPrefer({ audit }: Operation): boolean {
  return audit.kind === 'change';
}

/** A Problem that names the header. */
export function headerProblem(name: string, detail: string): Problem {
  const pointer = `#/headers/${name}`;
  return new Problem('validation', {
    detail: `Mend the header ${name} and send it again.`,
    errors: [{ pointer, detail }],
  });
}

/** Parts between commas; a comma inside of a quoted string is part of the string. */
function splitOutsideQuotes(list: string): string[] {
  return list.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g) ?? [];
}
