/** What the verifier reads of a log: rows and blobs as they are, whether they make sense or not. */

import { rowsOf } from '#shared/pages.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { blockHeader, entriesOf, headerHash } from '../chain/block.ts';
import { boundary, boundaryFault, positionBehind } from '../chain/boundary.ts';
import { checkpoint, readSignedHead, type SignedHead } from '../chain/checkpoint.ts';
import type { DerivedReader } from '../chain/derived.ts';
import { headAfter } from '../chain/head.ts';
import type { Position } from '../chain/inspect.ts';
import { asVerifierKey, verifierKeyOf } from '../chain/note.ts';
import { pageValue } from '../chain/page.ts';
import type { Signed, SignedSource } from '../chain/signed.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { type BlockReader, START } from '../chain/verify.ts';
import { CHECKPOINT_KEY } from '../checkpoints/note-keys.ts';
import { firstFree, type SecondPlace } from '../checkpoints/second-place.ts';
import { BOUNDARY, numberId, numberOf, readBlock, readBody, tileId } from '../log/store.ts';
import { isSignedBy, parseNote } from '../portable/note.ts';

/** Notes of the second place that are compared: the newest one alone shows a cut or rewritten log. */
const PUBLISHED_NOTES_MAX = 256;
/** Rows at the end that may have lost their number. */
const STRAY_ROWS_MAX = 16;

export function openBlockReader(tables: TenantTables): BlockReader {
  /** A row that cannot be read is there, or is not; of a number that no block has none is. */
  const isThere = (ifUnreadable: boolean) => async (blockNo: number) => {
    if (blockNo > Number.MAX_SAFE_INTEGER) return false;
    const key = { kind: 'block', id: numberId(blockNo) };
    return tables.get(key).then(
      (row) => row !== undefined,
      () => ifUnreadable,
    );
  };
  return {
    async last() {
      try {
        const rows = await tables.list({ kind: 'block', limit: STRAY_ROWS_MAX, descending: true });
        return rows.map(({ id }) => numberOf(id)).find((blockNo) => blockNo >= 0);
      } catch (error) {
        const blocks = await firstFree(isThere(true), 0);
        if (blocks <= Number.MAX_SAFE_INTEGER) return blocks === 0 ? undefined : blocks - 1;
        // What is behind the end cannot be read either: the log goes as far as its rows can.
        const readable = await firstFree(isThere(false), 0);
        if (readable === 0) throw error;
        return readable - 1;
      }
    },
    async next(after) {
      try {
        const [row] = await tables.list({ kind: 'block', after: numberId(after), limit: 1 });
        const blockNo = numberOf(row?.id ?? '');
        return Number.isNaN(blockNo) ? undefined : blockNo;
      } catch {
        return after + 1;
      }
    },
    async read(blockNo) {
      const row = await tables.get({ kind: 'block', id: numberId(blockNo) });
      return row && { header: row.value, body: await readBody(tables, blockNo, row) };
    },
    async purged() {
      const row = await tables.get(BOUNDARY).catch(() => undefined);
      const parsed = boundary.safeParse(row?.value);
      if (!parsed.success) return undefined;
      const fact = await storedEntry(tables, parsed.data.fact).catch(() => undefined);
      const { edge, ...behind } = positionBehind(parsed.data);
      return { behind: { ...behind, edge }, fault: boundaryFault(parsed.data, fact) };
    },
  };
}

/** An entry as it is; whether it is the one that was written, the walk over its block tells. */
async function storedEntry(
  tables: TenantTables,
  { seq, blockNo }: { readonly seq: number; readonly blockNo: number },
): Promise<Uint8Array | undefined> {
  const block = await readBlock(tables, blockNo);
  return block && entriesOf(block)[seq - block.header.first];
}

export function openDerivedReader(tables: TenantTables): DerivedReader {
  return {
    async pages() {
      const rows = await tables.list({ kind: 'page', limit: 1, descending: true }).catch(() => []);
      const number = numberOf(rows[0]?.id ?? '');
      return Number.isNaN(number) ? 0 : number + 1;
    },
    async page(number) {
      const key = { kind: 'page', id: numberId(number) };
      return tables.get(key).catch(() => ({ value: undefined }));
    },
    async tile(level, tile) {
      const key = { kind: 'tile', id: tileId(level, tile) };
      const row = await tables.get(key).catch(() => undefined);
      return row?.bytes;
    },
  };
}

/**
 * Where a walk can begin that is to see the entry `from`: behind a block before it, as its header
 * says. The very start when the index cannot say.
 */
export async function positionBefore(tables: TenantTables, from: number): Promise<Position> {
  try {
    const pages = await openDerivedReader(tables).pages();
    const number = Math.min(Math.floor(from / TILE_WIDTH), pages - 1);
    if (number < 0) return START;
    const row = await tables.get({ kind: 'page', id: numberId(number) });
    const place = pageValue.parse(row?.value).blocks.findLast(([first]) => first <= from);
    if (place === undefined || place[1] === 0) return START;
    const before = await tables.get({ kind: 'block', id: numberId(place[1] - 1) });
    const header = blockHeader.parse(before?.value);
    if (headerHash(header) !== header.hash || header.blockNo !== place[1] - 1) return START;
    const { edge, leaf, blockHash } = headAfter(header);
    return { blockNo: header.blockNo + 1, size: header.size, edge, leaf, blockHash };
  } catch {
    return START;
  }
}

interface ReadNote {
  readonly head: SignedHead | undefined;
  readonly isSigned: boolean;
  /** Keys of ours that may sign for its origin. */
  readonly verifierKeys: readonly string[];
}

const unreadable: ReadNote = { head: undefined, isSigned: false, verifierKeys: [] };

export function openSignedSource(about: {
  readonly tables: TenantTables;
  readonly secondPlace: SecondPlace;
  readonly vault: Vault;
  readonly opaqueId: string;
}): SignedSource {
  const { tables, secondPlace, vault, opaqueId } = about;

  async function stored(row: Row): Promise<Signed> {
    const parsed = checkpoint.safeParse(row.value);
    const note = parsed.success ? parsed.data.note : '';
    const read = await readSigned(note);
    const { head } = read;
    const fits =
      parsed.success &&
      head?.size === numberOf(row.id) &&
      parsed.data.size === head.size &&
      parsed.data.root === head.root &&
      parsed.data.origin === head.origin &&
      read.verifierKeys.includes(parsed.data.verifierKey);
    const size = Number(row.id) || 0;
    const name = `that of size ${size}`;
    const { isSigned } = read;
    return { place: 'beside the blocks', name, size, isSigned, head: fits ? head : undefined };
  }

  async function published(note: string, newestFirst: number): Promise<Signed> {
    const { head, isSigned } = await readSigned(note);
    const name =
      head === undefined ? `the ${newestFirst + 1}. newest` : `that of size ${head.size}`;
    return { place: 'in the second place', name, size: head?.size ?? 0, isSigned, head };
  }

  async function readSigned(note: string): Promise<ReadNote> {
    const head = readSignedHead(note, opaqueId);
    const parsed = parseNote(note);
    if (head === undefined || parsed === undefined) return unreadable;
    const keys = (await vault.publicKeys(CHECKPOINT_KEY)).map(({ key }) => ({
      name: head.origin,
      publicKey: key,
    }));
    const isSigned = await isSignedBy(parsed, keys.map(asVerifierKey));
    return { head, isSigned, verifierKeys: keys.map(verifierKeyOf) };
  }

  async function* storedFrom(from: number): AsyncGenerator<Signed> {
    try {
      for await (const row of rowsOf(tables, { kind: 'checkpoint', after: numberId(from) }))
        yield await stored(row);
    } catch {
      const name = 'one of them';
      yield { place: 'beside the blocks', name, size: 0, isSigned: false, head: undefined };
    }
  }

  return {
    async newest() {
      const rows = await tables
        .list({ kind: 'checkpoint', limit: 1, descending: true })
        .catch(() => []);
      const notes = await secondPlace.newest(1);
      return Promise.all([...rows.map(stored), ...notes.map(published)]);
    },
    async *heads(from) {
      const notes = await secondPlace.newest(PUBLISHED_NOTES_MAX);
      const elsewhere = (await Promise.all(notes.map(published)))
        .filter(({ size, head }) => head === undefined || size > from)
        .toSorted((one, other) => one.size - other.size);
      for await (const signed of storedFrom(from)) {
        while ((elsewhere[0]?.size ?? Number.POSITIVE_INFINITY) <= signed.size) {
          const [first] = elsewhere.splice(0, 1);
          if (first !== undefined) yield first;
        }
        yield signed;
      }
      yield* elsewhere;
    },
  };
}
