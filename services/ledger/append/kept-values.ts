/**
 * Values of a record that an order left, when it took those of some fields: sealed anew, because the
 * key in their blocks was destroyed with the fields.
 *
 *   rows `kept-values` / <id of the record's key, hex>/<part, 4 digits>
 *     value   of which entries: the first and the last one
 *     bytes   sealed by that key (chain/seal.ts); for each entry its number and its disclosures,
 *             joined by dots, which base64url does not have
 *
 * Parts that belong to no key of a record were written before a crash: nobody can open them.
 */
import { z } from 'zod';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import { NONCE_BYTES, openDisclosures, type RecordKey, sealDisclosures } from '../chain/seal.ts';

export const KEPT_VALUES = 'kept-values';
/** Of one part; an event larger than this is a part of its own, and fits a row as it fitted one before. */
const PART_CHARS_MAX = 256 * 1024;
const PART_DIGITS = 4;

/** An entry, and what is left of its disclosures. */
export interface Kept {
  readonly seq: number;
  readonly disclosures: readonly string[];
}

const partValue = z.strictObject({
  v: z.literal(1),
  first: z.number().int().nonnegative(),
  last: z.number().int().nonnegative(),
});

export interface KeptOwner {
  readonly tenant: string;
  readonly record: string;
  readonly key: RecordKey;
}

/** The rows of the parts. `nonce` gives NONCE_BYTES random bytes at each call. */
export function keptParts(
  owner: KeptOwner,
  kept: readonly Kept[],
  nonce: (bytes: number) => Uint8Array,
): Change[] {
  return packed(kept).map((part, index) => {
    const id = partId(owner.key, index);
    const disclosures = part.map((each) => [String(each.seq), ...each.disclosures].join('.'));
    const subject = { tenant: owner.tenant, eventId: id, record: owner.record };
    const bytes = sealDisclosures({
      key: owner.key,
      nonce: nonce(NONCE_BYTES),
      subject,
      disclosures,
    });
    const value = { v: 1, first: part[0]?.seq ?? 0, last: part.at(-1)?.seq ?? 0 };
    return { put: { kind: KEPT_VALUES, id, value, bytes }, expect: 0 };
  });
}

/** What is left of an entry; `undefined` when nothing is. Throws when bytes were altered. */
export async function readKept(
  tables: TenantTables,
  owner: KeptOwner,
  seq: number,
): Promise<string[] | undefined> {
  for (const { id, value, bytes } of await partsOf(tables, owner.key)) {
    const { first, last } = partValue.parse(value);
    if (seq < first || seq > last || bytes === undefined) continue;
    const subject = { tenant: owner.tenant, eventId: id, record: owner.record };
    const entries = openDisclosures({ key: owner.key, subject, sealed: bytes });
    const found = entries.map((each) => each.split('.')).find(([name]) => name === String(seq));
    return found?.slice(1);
  }
  return undefined;
}

/** In the order of their entries. */
export function partsOf(tables: TenantTables, { id }: Pick<RecordKey, 'id'>) {
  return tables.list({
    kind: KEPT_VALUES,
    prefix: `${id.toString('hex')}/`,
    limit: 10 ** (PART_DIGITS - 1),
  });
}

function partId({ id }: RecordKey, index: number): string {
  return `${id.toString('hex')}/${String(index).padStart(PART_DIGITS, '0')}`;
}

function packed(kept: readonly Kept[]): Kept[][] {
  const parts: Kept[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const each of kept) {
    const length = each.disclosures.reduce((sum, { length: more }) => sum + more + 1, 17);
    if (chars + length > PART_CHARS_MAX) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)?.push(each);
    chars += length;
  }
  return parts;
}
