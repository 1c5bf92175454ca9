import { proveConsistency, readCheckpoint } from '#contracts/ledger.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import { consistencyPath, rootAt } from '../chain/tree.ts';
import type { Log } from '../log/log.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { verifierKeysOf } from './note-keys.ts';
import { newestTimestamp } from './timestamps.ts';

export function checkpointHandlings(parts: LedgerParts, logs: Logs): Handling[] {
  const { vault } = parts;
  return [
    handle(readCheckpoint, ({ caller, now }) =>
      logs.use(caller.tenant, async (log) => {
        await log.follow();
        const signed = await log.checkpoint(log.size());
        if (signed === undefined) {
          throw new Problem('not-found', { detail: 'The ledger has no entry yet.' });
        }
        const { origin, size, root, note, verifierKey } = signed;
        const verifierKeys = await verifierKeysOf(vault, origin);
        const stamped = parts.timestamps && (await newestTimestamp(parts, caller.tenant, now));
        const timestamp = stamped === undefined ? {} : { timestamp: stamped };
        return { body: { origin, size, root, note, verifierKey, verifierKeys, ...timestamp } };
      }),
    ),

    handle(proveConsistency, ({ caller, query: { from, to } }) =>
      logs.use(caller.tenant, async (log) => {
        await log.follow();
        assertSizes(log, from, to);
        const path = consistencyPath(from, to);
        const hashes = await log.hashes(path);
        return {
          body: {
            from,
            to,
            fromRoot: await rootAt(log.nodes, from),
            toRoot: await rootAt(log.nodes, to),
            hashes: hashes.map((each) => each.toString('hex')),
          },
        };
      }),
    ),
  ];
}

function assertSizes(log: Log, from: number, to: number): void {
  if (from < 1 || from > to) {
    throw new Problem('validation', {
      detail: 'Mend #/query/from: it is a size from 1 up to `to`.',
      errors: [{ pointer: '#/query/from', detail: 'must be a size from 1 up to `to`' }],
    });
  }
  if (to > log.size()) {
    throw new Problem('not-found', { detail: `The ledger has ${log.size()} entries, not ${to}.` });
  }
}
