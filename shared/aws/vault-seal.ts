/**
 * Sealed values: XAES-256-GCM under a data key of the tenant, which KMS wraps.
 *
 *   1 byte   layout, 1
 *   2 bytes  length of the wrapped key, big-endian
 *            wrapped key
 *            nonce, ciphertext and tag, bound to all words of the context
 *
 * The words that name a tenant and a user are KMS's own encryption context as well: its log tells
 * whose values were opened, and a policy can be held to them. KMS is asked once for many values.
 */
import type { SealContext } from '#shared/ports/vault.ts';
import { contextBytes } from '../embedded/vault.ts';
import { seal, unseal } from '../embedded/vault-xaes.ts';
import type { Wrapping, WrappingContext } from './vault-wrapping.ts';

const LAYOUT = 1;
const HEADER_BYTES = 3;
/** A data key seals for this long; then comes another. */
const SEALING_MS_MAX = 3_600_000;
/** Data keys that are held open; the one unused for longest is asked for again. */
const KEYS_OPEN_MAX = 4_096;

interface DataKey {
  readonly key: Uint8Array;
  readonly wrapped: Uint8Array;
}

export interface Sealing {
  seal(context: SealContext, bytes: Uint8Array): Promise<Uint8Array>;
  open(context: SealContext, sealed: Uint8Array): Promise<Uint8Array>;
  forget(): void;
}

export function openSealing(wrapping: Wrapping): Sealing {
  const sealing = new Map<string, { readonly dataKey: Promise<DataKey>; readonly until: number }>();
  const opening = new Map<string, Promise<Uint8Array>>();

  /** One key for all who seal for the same tenant at the same time. */
  function keyFor(context: WrappingContext): Promise<DataKey> {
    const name = JSON.stringify(context);
    const known = sealing.get(name);
    if (known !== undefined && performance.now() < known.until) return known.dataKey;
    const dataKey = wrapping.dataKey(context);
    keep(sealing, name, { dataKey, until: performance.now() + SEALING_MS_MAX });
    dataKey.catch(() => sealing.delete(name));
    return dataKey;
  }

  function keyIn(context: WrappingContext, wrapped: Uint8Array): Promise<Uint8Array> {
    const name = `${JSON.stringify(context)} ${Buffer.from(wrapped).toString('base64')}`;
    const key = opening.get(name) ?? wrapping.unwrap(context, wrapped);
    keep(opening, name, key);
    key.catch(() => opening.delete(name));
    return key;
  }

  return {
    async seal(context, bytes) {
      const { key, wrapped } = await keyFor(wrappingContextOf(context));
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt8(LAYOUT, 0);
      header.writeUInt16BE(wrapped.length, 1);
      return Buffer.concat([header, wrapped, seal(key, bytes, contextBytes(context))]);
    },
    async open(context, sealed) {
      const { wrapped, body } = partsOf(sealed);
      const key = await keyIn(wrappingContextOf(context), wrapped);
      return unseal(key, body, contextBytes(context));
    },
    forget() {
      sealing.clear();
      opening.clear();
    },
  };
}

/** KMS takes no empty words: one that is there and empty is left to the value's own binding. */
function wrappingContextOf({ tenant, user }: SealContext): WrappingContext {
  return { purpose: 'seal', ...(tenant ? { tenant } : {}), ...(user ? { user } : {}) };
}

function partsOf(sealed: Uint8Array) {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.readUInt8(0) !== LAYOUT) {
    throw new Error('these are no sealed bytes of this vault');
  }
  const end = HEADER_BYTES + bytes.readUInt16BE(1);
  if (end === HEADER_BYTES || end > bytes.length) throw new Error('sealed bytes are cut short');
  return { wrapped: bytes.subarray(HEADER_BYTES, end), body: bytes.subarray(end) };
}

function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name);
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > KEYS_OPEN_MAX && oldest !== undefined) map.delete(oldest);
}
