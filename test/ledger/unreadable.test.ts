/** The verification of a store that does not answer: an outage is no break, and no walk is without an end. */
import { describe, expect, test } from 'vitest';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import type { RowKey, Tables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { StoreFault, through } from './faulty.ts';
import type { Fixture } from './fixture.ts';
import { openLogOf } from './tamper.ts';

interface Reads {
  readonly get?: (key: RowKey) => void;
  readonly list?: () => void;
}

/** Real tables that throw what the test throws before a read. */
function reading(tables: Tables, before: Reads): Tables {
  return through(tables, (real) => ({
    async get(key) {
      before.get?.(key);
      return real.get(key);
    },
    async list(request) {
      before.list?.();
      return real.list(request);
    },
  }));
}

function verify({ tables, host, checkpoints, tenant }: Fixture, before: Reads) {
  const { vault } = host.host;
  return verifyTenant({ tables: reading(tables, before), vault, checkpoints }, tenant);
}

const away = () => {
  throw new Problem('unavailable', { detail: 'The store is not there just now.' });
};
const damaged = () => {
  throw new StoreFault('the disk cannot read this');
};

describe('a verification', () => {
  test('ends with the outage of its store, whenever that comes, and takes it for no break', async () => {
    await using fixture = await openLogOf([200, 100, 3, 4]);
    let reads = 0;
    const count = () => {
      reads += 1;
    };
    expect(await verify(fixture, { get: count, list: count })).toMatchObject({ ok: true });
    const all = reads;
    expect(all).toBeGreaterThan(10);
    for (let first = 1; first <= all; first += 1) {
      for (const isOver of [true, false]) {
        reads = 0;
        const fail = () => {
          reads += 1;
          if (isOver ? reads === first : reads >= first) away();
        };
        const verified = verify(fixture, { get: fail, list: fail });
        await expect(verified, `read ${first}`).rejects.toMatchObject({ code: 'unavailable' });
      }
    }
  });

  test('of a store that reads nothing ends, and says why', async () => {
    await using fixture = await openLogOf([3, 4]);
    const verified = verify(fixture, { get: damaged, list: damaged });
    await expect(verified).rejects.toThrow('the disk cannot read this');
  });

  test('goes as far as rows can be read, where they cannot be listed and the end cannot be read', async () => {
    await using fixture = await openLogOf([3, 4, 2, 5]);
    const get = ({ kind, id }: RowKey) => {
      if (kind === 'block' && Number(id) >= 2) damaged();
    };
    const verified = await verify(fixture, { get, list: damaged });
    expect(verified).toMatchObject({ ok: false, checkedEntries: 7 });
    expect(verified.breaks).toContainEqual(expect.objectContaining({ seq: 7, kind: 'truncated' }));
  });
});
