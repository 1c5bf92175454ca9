/**
 * Tells values that were expunged from values whose key somebody took away: where the key of sealed
 * values is not in the store, an entry behind them MUST say that it was destroyed.
 *
 * 1. Before a walk begins, the ids of all keys that there are go into a set.
 * 2. Each block that the walk reads is looked through: key ids of its sealed values, and whether it
 *    is the block of an expungement, which has one to itself. Nothing is unpacked for that.
 * 3. At the end of the log, keys that were missed are looked for once more, by the name of their
 *    record: they may have been made since 1.
 *
 * Blocks that are not what was written are left to the walk, which names them.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { partsOf } from '../append/kept-values.ts';
import { keyRow } from '../append/values.ts';
import { type Block, blockHeader, entriesOf, isIntact, sealedIn } from '../chain/block.ts';
import { tryParseEntry } from '../chain/entry.ts';
import type { StoredBlock } from '../chain/look.ts';
import { destructionIn, KEY_ID_BYTES, keyIdOf, recordOf, sealedUnder } from '../chain/seal.ts';
import type { BlockReader } from '../chain/verify.ts';
import { type KeyIds, openKeyIds } from './key-ids.ts';

/** Missing keys that are remembered; with more of them gone, naming some is enough. */
const MISSING_MAX = 100_000;
const BREAKS_MAX = 1_000;

export interface KeyWatch {
  /** For the walk: looks at each block on its way. */
  readonly blocks: BlockReader;
  /** What the walk came past, once it is at the end of the log. */
  finish(): Promise<LedgerBreak[]>;
}

/** Values of a record that no key is there for. */
interface Missing {
  readonly record: string;
  readonly first: number;
  last: number;
}

interface Watch {
  readonly tables: TenantTables;
  readonly there: KeyIds;
  /** By key id, hex. */
  readonly missing: Map<string, Missing>;
  /** The last expungement of each record, and the last one of fields of it. */
  readonly destroyed: Map<string, number>;
  readonly replaced: Map<string, number>;
}

export async function watchKeys(tables: TenantTables, blocks: BlockReader): Promise<KeyWatch> {
  const there = await keysThere(tables);
  const [missing, destroyed, replaced] = [new Map(), new Map(), new Map()];
  const watch: Watch = { tables, there, missing, destroyed, replaced };
  return {
    blocks: {
      ...blocks,
      async read(blockNo) {
        const stored = await blocks.read(blockNo);
        if (stored !== undefined) look(watch, stored);
        return stored;
      },
    },
    finish: () => breaksOf(watch),
  };
}

/** A row that cannot be read is no key. */
async function keysThere(tables: TenantTables): Promise<KeyIds> {
  const there = openKeyIds();
  try {
    for await (const { value } of rowsOf(tables, { kind: 'record-key' })) {
      const key = keyRow.safeParse(value).data;
      if (key !== undefined) there.add(Buffer.from(key.keyId, 'hex'));
    }
  } catch {
    // The rest is looked for one by one, where it is missed.
  }
  return there;
}

function look(watch: Watch, stored: StoredBlock): void {
  const sound = stored.look?.sound;
  const header = sound?.header ?? blockHeader.safeParse(stored.header).data;
  if (header === undefined) return;
  const block = { header, body: stored.body };
  try {
    if (header.count === 1) noteDestruction(watch, block);
    if (sound?.keyIds === undefined || missesAny(watch, sound.keyIds)) noteMissing(watch, block);
  } catch {
    // It cannot be unpacked, which the walk has named.
  }
}

function missesAny({ there }: Watch, keyIds: Uint8Array): boolean {
  for (let at = 0; at < keyIds.length; at += KEY_ID_BYTES) if (!there.has(keyIds, at)) return true;
  return false;
}

function noteMissing(watch: Watch, block: Block): void {
  const missed = [...sealedIn(block).entries()].filter(([, bytes]) => !watch.there.has(bytes));
  if (missed.length === 0 || !isIntact(block)) return;
  const entries = entriesOf(block);
  for (const [index, bytes] of missed) {
    const entry = tryParseEntry(entries[index] ?? Buffer.alloc(0));
    const seq = block.header.first + index;
    if (entry !== undefined) miss(watch, bytes, { record: sealedUnder(entry), seq });
  }
}

function noteDestruction({ destroyed, replaced }: Watch, block: Block): void {
  const [bytes = Buffer.alloc(0)] = entriesOf(block);
  const took = destructionIn(bytes);
  if (took === undefined || !isIntact(block)) return;
  const entry = tryParseEntry(bytes);
  if (entry === undefined) return;
  (took === 'record' ? destroyed : replaced).set(recordOf(entry), entry.seq);
}

function miss(
  { missing }: Watch,
  sealed: Uint8Array,
  { record, seq }: { readonly record: string; readonly seq: number },
): void {
  const id = keyIdOf(sealed).toString('hex');
  const known = missing.get(id);
  if (known !== undefined) known.last = seq;
  else if (missing.size < MISSING_MAX) missing.set(id, { record, first: seq, last: seq });
}

async function breaksOf(watch: Watch): Promise<LedgerBreak[]> {
  const breaks: LedgerBreak[] = [];
  for (const [keyId, about] of watch.missing) {
    if (breaks.length === BREAKS_MAX) break;
    const what = await lostOf(watch, keyId, about);
    if (what === undefined) continue;
    const { first, last } = about;
    const range = { seq: first, ...(last === first ? {} : { lastSeq: last }) };
    breaks.push({ ...range, kind: 'missing', detail: `values: ${what}` });
  }
  return breaks;
}

/** What is not there and should be; `undefined` when the values were expunged, or have a key. */
async function lostOf(
  { tables, destroyed, replaced }: Watch,
  keyId: string,
  { record, last }: Missing,
): Promise<string | undefined> {
  if ((destroyed.get(record) ?? -1) > last) return undefined;
  const row = await tables.get({ kind: 'record-key', id: record }).catch(() => undefined);
  const key = keyRow.safeParse(row?.value).data;
  if (key?.keyId === keyId) return undefined;
  if ((replaced.get(record) ?? -1) < last) {
    return `the key of ${record} is not in the store, and no entry says that it was destroyed`;
  }
  if (key?.v === 2) {
    const parts = await partsOf(tables, { id: Buffer.from(key.keyId, 'hex') }).catch(() => []);
    if (parts.length === key.parts) return undefined;
  }
  return `what an expungement of fields left of ${record} is not in the store`;
}
