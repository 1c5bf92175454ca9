import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from '#shared/ports/tables.ts';

/**
 * The RFC 8785 form. The value comes from a strict schema, so that nothing reaches the library that it
 * would quietly drop or round; lone surrogates are refused here, because UTF-8 cannot hold them.
 */
export function canonicalText(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined || !text.isWellFormed()) throw new TypeError('not canonicalisable JSON');
  return text;
}

/** SHA-256 of the RFC 8785 form, hex. */
export function canonicalHash(value: Json): string {
  return hash('sha256', canonicalText(value), 'hex');
}
