import { listEntries, proveEntry, readEntry } from '#contracts/ledger.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import { parseEntry } from '../chain/entry.ts';
import { proofFile } from '../chain/proof-file.ts';
import { inclusionPath, leafHash } from '../chain/tree.ts';
import type { Logs } from '../log/logs.ts';
import { cursorAt, search, seqIn } from './search.ts';

export function entryHandlings(logs: Logs): Handling[] {
  return [
    handle(listEntries, async ({ caller, query, tables }) => {
      const { cursor, limit, from, to, ...filters } = query;
      const question = { ...filters, from: utc(from), to: utc(to) };
      const begin = seqIn(cursor);
      const found = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return search({ log, tables, question, begin, limit });
      });
      const { next } = found;
      const items = [...found.items];
      return { body: { items, ...(next === undefined ? {} : { next: cursorAt(next) }) } };
    }),

    handle(readEntry, async ({ caller, params: { seq } }) => {
      const bytes = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return log.blocks.entry(seq);
      });
      if (bytes === undefined) throw noEntry(seq);
      const leaf = leafHash(bytes).toString('hex');
      return { body: { ...parseEntry(bytes), leafHash: leaf, bytes: bytes.toString('base64') } };
    }),

    handle(proveEntry, ({ caller, params: { seq } }) =>
      logs.use(caller.tenant, async (log) => {
        await log.follow();
        const signed = seq < log.size() ? await log.checkpoint(seq + 1) : undefined;
        if (signed === undefined) throw noEntry(seq);
        // Another process may have signed a larger tree meanwhile.
        if (signed.size > log.size()) await log.follow();
        const { size, root, note, verifierKey } = signed;
        const path = inclusionPath(seq, size);
        const hashes = await log.hashes(path);
        // Out of the hash tiles: whoever has the bytes of an entry that was removed can prove it.
        const leaf = await log.nodes(0, seq);
        return {
          body: {
            seq,
            size,
            leafHash: leaf.toString('hex'),
            hashes: hashes.map((each) => each.toString('hex')),
            root,
            checkpoint: note,
            verifierKey,
            proofFile: proofFile({ index: seq, hashes, checkpoint: note }),
          },
        };
      }),
    ),
  ];
}

/** Entries have UTC; times with an offset are brought there, so that texts compare as times do. */
function utc(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

export function noEntry(seq: number): Problem {
  return new Problem('not-found', { detail: `The ledger has no entry ${seq} yet.` });
}
