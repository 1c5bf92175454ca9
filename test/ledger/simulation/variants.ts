/**
 * Processes that are broken on purpose, by the ports that they are given. The simulation is worth as
 * much as it notices of them: for each there must be a seed that fails.
 */

import { numberId } from '#services/ledger/log/store.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Change, Tables, TenantTables, Write, WriteResult } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { StoreFault, through } from '../faulty.ts';

export interface Variant {
  tables(tables: Tables): Tables;
  blobs(blobs: Blobs, store: Map<string, Buffer>): Blobs;
  vault(vault: Vault): Vault;
}

export const faithful: Variant = {
  tables: (tables) => tables,
  blobs: (blobs) => blobs,
  vault: (vault) => vault,
};

type TablesOf = (real: TenantTables) => Partial<TenantTables>;
type WriteOf = (real: TenantTables, write: Write) => Promise<WriteResult>;

const withTables = (change: TablesOf): Variant => ({
  ...faithful,
  tables: (tables) => through(tables, change),
});

const withWrite = (change: WriteOf): Variant =>
  withTables((real) => ({ write: (write) => change(real, write) }));

const kindOf = (change: Change) =>
  'put' in change ? change.put.kind : 'remove' in change ? change.remove.kind : change.check.kind;

const keyOf = (change: Change) =>
  'put' in change ? change.put : 'remove' in change ? change.remove : change.check;

const isRemoval = (change: Change, kind: string) =>
  'remove' in change && change.remove.kind === kind;

/** The change on whatever version the row has now. */
async function unconditional(real: TenantTables, change: Change): Promise<Change> {
  const { kind, id } = keyOf(change);
  const row = await real.get({ kind, id });
  return { ...change, expect: row?.version ?? 0 };
}

const without = (write: Write, kind: string): Write => ({
  ...write,
  changes: write.changes.filter((change) => kindOf(change) !== kind),
});

/** A write of something else than a block and what goes with it is left as it is. */
const isBlock = ({ changes }: Write) => changes.some((change) => kindOf(change) === 'block');

export const broken: Readonly<Record<string, Variant>> = {
  'the head is not looked at: a block is put whether or not its slot is taken': withWrite(
    async (real, write) => {
      const changes = write.changes.map((change) =>
        kindOf(change) === 'block' ? unconditional(real, change) : change,
      );
      return real.write({ ...write, changes: await Promise.all(changes) });
    },
  ),

  'an unknown outcome is taken for a success': withWrite(async (real, write) => {
    try {
      return await real.write(write);
    } catch {
      return { ok: true };
    }
  }),

  'an unknown outcome is taken for a failure: all is written again, whoever was there meanwhile':
    withWrite(async (real, write) => {
      try {
        return await real.write(write);
      } catch {
        const changes = write.changes.map((change) => unconditional(real, change));
        return real.write({ ...write, changes: await Promise.all(changes) });
      }
    }),

  'the row of a new key is forgotten': withWrite((real, write) =>
    real.write(isBlock(write) ? without(write, 'record-key') : write),
  ),

  'the key of a record is not found, and made anew each time': withTables((real) => ({
    get: async (key) => (key.kind === 'record-key' ? undefined : real.get(key)),
    write: async (write) => real.write(await withKeysReplaced(real, write)),
  })),

  'a block and its keys are two writes': withWrite(async (real, write) => {
    if (!isBlock(write)) return real.write(write);
    const result = await real.write(without(write, 'record-key'));
    const keys = write.changes.filter((change) => kindOf(change) === 'record-key');
    return result.ok && keys.length > 0 ? real.write({ ...write, changes: keys }) : result;
  }),

  'an answer comes before the write': withWrite(async (real, write) => {
    if (!isBlock(write)) return real.write(write);
    void real.write(write).catch(() => undefined);
    return { ok: true };
  }),

  'a block is written with a bit that was not sent': withWrite((real, write) =>
    real.write({
      ...write,
      changes: write.changes.map((change) =>
        kindOf(change) === 'block' && 'put' in change && change.put.bytes !== undefined
          ? { ...change, put: { ...change.put, bytes: bent(change.put.bytes) } }
          : change,
      ),
    }),
  ),

  'what was found once is believed for ever': withTables((real) => {
    const seen = new Map<string, ReturnType<TenantTables['get']>>();
    return {
      get(key) {
        const name = `${key.kind} ${key.id}`;
        const found = seen.get(name) ?? real.get(key);
        seen.set(name, found);
        return found;
      },
    };
  }),

  'another text is signed than the one that is published': {
    ...faithful,
    vault: (vault) => ({
      ...vault,
      sign: (name, bytes, options) => vault.sign(name, bent(bytes), options),
    }),
  },

  'a key stays though the chain says that it was destroyed': withWrite((real, write) =>
    real.write({
      ...write,
      changes: write.changes.filter((change) => !isRemoval(change, 'record-key')),
    }),
  ),

  'a key goes before the chain says so': withWrite(async (real, write) => {
    const changes = write.changes.filter((change) => isRemoval(change, 'record-key'));
    if (changes.length === 0) return real.write(write);
    const result = await real.write({ ...write, changes });
    const rest = write.changes.filter((change) => !changes.includes(change));
    return result.ok ? real.write({ ...write, changes: rest }) : result;
  }),

  'the boundary of a purge is forgotten': withWrite((real, write) =>
    real.write(isBlock(write) ? without(write, 'purged') : write),
  ),

  'the boundary of a purge is written before the chain says so': withWrite(async (real, write) => {
    const changes = write.changes.filter((change) => kindOf(change) === 'purged');
    if (!isBlock(write) || changes.length === 0) return real.write(write);
    const result = await real.write({ ...write, changes });
    return result.ok ? real.write(without(write, 'purged')) : result;
  }),

  'a purge removes a block more than the chain says': withWrite(async (real, write) => {
    const gone = write.changes.filter((change) => isRemoval(change, 'block'));
    if (gone.length === 0) return real.write(write);
    const next = Math.max(...gone.map((change) => Number(keyOf(change).id))) + 1;
    const key = { kind: 'block', id: numberId(next) };
    const row = await real.get(key);
    const more = { remove: key, expect: row?.version ?? 0 };
    return real.write({ ...write, changes: [...write.changes, more] });
  }),

  'a purge removes the ids of a page with its filter': withWrite((real, write) =>
    real.write({
      ...write,
      changes: write.changes.map((change) =>
        'put' in change && kindOf(change) === 'page' && change.expect > 0
          ? { ...change, put: { ...change.put, bytes: Buffer.alloc(0) } }
          : change,
      ),
    }),
  ),

  'a signed note is put over another one in the second place': {
    ...faithful,
    blobs: (blobs, store) => ({
      ...blobs,
      async head() {
        return undefined;
      },
      async put(key, bytes, ...rest) {
        const result = await blobs.put(key, bytes, ...rest);
        if (result === 'exists' && bytes instanceof Uint8Array) store.set(key, Buffer.from(bytes));
        return 'stored';
      },
    }),
  },
};

/** Less than the ports promise, and the log does not need it. */
export const tolerated: Readonly<Record<string, Variant>> = {
  // The slot decides alone: a key comes with a block, and another block has the slot then.
  'puts the key of a record over one that is there': withWrite(async (real, write) =>
    real.write(await withKeysReplaced(real, write)),
  ),

  // As a secondary index does that follows later.
  'does not list the newest block': withTables((real) => ({
    async list(request) {
      const rows = await real.list(request);
      return request.kind === 'block' ? rows.slice(0, -1) : rows;
    },
  })),

  'does not answer the first time': withWrite(async (real, write) => {
    const result = await real.write(write);
    if (isBlock(write) && result.ok) throw new StoreFault('the answer is lost');
    return result;
  }),
};

async function withKeysReplaced(real: TenantTables, write: Write): Promise<Write> {
  const changes = write.changes.map((change) =>
    kindOf(change) === 'record-key' ? unconditional(real, change) : change,
  );
  return { ...write, changes: await Promise.all(changes) };
}

function bent(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
