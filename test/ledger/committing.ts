import { openRecordKeys } from '#services/ledger/append/values.ts';
import { openWriter, type WriterParts } from '#services/ledger/append/writer.ts';
import type { Known } from '#services/ledger/chain/append.ts';
import { contentText, parseEntry } from '#services/ledger/chain/entry.ts';
import { makeBlock, type Step } from '#services/ledger/chain/head.ts';
import { idKey } from '#services/ledger/chain/page.ts';
import { blockChanges } from '#services/ledger/log/store.ts';
import { emptyView } from '#services/ledger/log/view.ts';
import type { Fixture } from './fixture.ts';

const NOW = Date.UTC(2031, 0, 2, 10, 5, 7);

/** A writer over real tables and keys, that knows the entries which it has committed itself. */
export function openCommit(fixture: Fixture, change: Partial<WriterParts> = {}) {
  const { tenant } = fixture;
  const tables = fixture.tables.forTenant(tenant);
  const view = emptyView();
  const steps: Step[] = [];
  const known = new Map<string, Known>();
  const asked = { prepare: 0, follow: 0, find: 0 };
  const keys = openRecordKeys({ tenant, tables, vault: fixture.host.host.vault });
  const writer = openWriter({
    tenant,
    tables,
    view,
    keys,
    writer: 'one',
    clock: () => NOW,
    async find(ids) {
      asked.find += 1;
      const found = ids.map((id) => [idKey(id), known.get(idKey(id))] as const);
      return new Map(found.flatMap(([key, entry]) => (entry ? [[key, entry]] : [])));
    },
    async follow() {
      asked.follow += 1;
    },
    meanwhile: () => undefined,
    async prepare() {
      asked.prepare += 1;
    },
    committed(step) {
      steps.push(step);
      for (const [index, bytes] of step.entries.entries()) {
        const entry = parseEntry(bytes);
        const leafHash = step.leaves[index]?.toString('hex') ?? '';
        const identity = contentText(entry).identity;
        known.set(idKey(entry.id), { seq: entry.seq, leafHash, identity });
      }
    },
    failed: () => undefined,
    ...change,
  });
  const counts = () => steps.map(({ header }) => header.count);
  return { writer, view, steps, keys, tables, known, asked, counts };
}

export function stepAt({ steps }: ReturnType<typeof openCommit>, index: number): Step {
  const step = steps[index];
  if (step === undefined) throw new Error(`there is no block ${index}`);
  return step;
}

/** A block of another process in the first slot. */
export async function takeSlot({ tables }: ReturnType<typeof openCommit>): Promise<void> {
  const block = makeBlock({
    head: emptyView().head,
    contents: [],
    sealed: [],
    recordedAt: new Date(NOW).toISOString(),
    writer: 'other',
  });
  await tables.write({ changes: blockChanges(block), events: [], unaudited: 'a test' });
}
