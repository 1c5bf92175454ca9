/**
 * What leaves the ledger as evidence: the values of one entry, and bundles that verify offline.
 *
 * Whoever takes values along is in the chain before they have them: the event of a bundle names its
 * entries and the fields disclosed, never their values. No answer with values is kept anywhere.
 */
import { randomUUIDv7 } from 'node:crypto';
import { type Bundle, discloseEntry, makeBundle } from '#contracts/ledger-evidence.ts';
import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle } from '#shared/service.ts';
import { isDisclosed, readDisclosure, type Selection } from '../chain/disclosure.ts';
import { parseEntry } from '../chain/entry.ts';
import { inclusionPath, leafHash } from '../chain/tree.ts';
import { newestCosigned } from '../checkpoints/later-lines.ts';
import type { Log } from '../log/log.ts';
import type { Logs } from '../log/logs.ts';
import { noEntry } from '../read/entries.ts';

/** Half of a bus message: the rest is room for the envelope. */
const BUNDLE_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;

export function evidenceHandlings(logs: Logs): Handling[] {
  return [
    handle(discloseEntry, ({ caller, params: { seq } }) =>
      logs.use(caller.tenant, async (log) => {
        await log.follow();
        const bytes = await log.blocks.entry(seq);
        if (bytes === undefined) throw noEntry(seq);
        const disclosures = await log.disclosures(seq);
        const values = (disclosures ?? []).map((each) => ({
          ...readDisclosure(each),
          disclosure: each,
        }));
        const state = disclosures === undefined ? 'expunged' : 'disclosed';
        const gone = parseEntry(bytes).sd.length - values.length;
        const expunged = values.length > 0 && gone > 0 ? { expunged: gone } : {};
        const leaf = leafHash(bytes).toString('hex');
        const read = [{ field: 'disclosed', after: values.map(({ name }) => name) }];
        return { body: { seq, leafHash: leaf, state, ...expunged, values }, read };
      }),
    ),

    handle(makeBundle, (call) =>
      logs.use(call.caller.tenant, async (log) => {
        const { body, disclosed } = await bundleOf(log, call);
        const committed = await call.commit({
          changes: [],
          events: [bundleEvent(call, disclosed)],
          reply: { body },
        });
        // Without changes there is no race to lose.
        if (!committed.ok) throw new Error('a write without changes met a conflict');
        return committed.reply;
      }),
    ),
  ];
}

type MakeCall = Call<typeof makeBundle>;
type BundleEntry = Bundle['entries'][number];

async function bundleOf(log: Log, { body, tables }: MakeCall) {
  const { entries: seqs, disclose, hide } = body;
  await log.follow();
  const last = Math.max(...seqs);
  const signed = last < log.size() ? await checkpointFor(log, tables, last + 1) : undefined;
  if (signed === undefined) throw noEntry(last);
  // Another process may have signed a larger tree meanwhile.
  if (signed.size > log.size()) await log.follow();
  const entries: BundleEntry[] = [];
  const disclosed: { seq: number; fields: string[] }[] = [];
  let bytes = 0;
  for (const seq of seqs) {
    const values = await valuesOf(log, seq, { disclose, hide });
    const entry = await entryOf(log, { seq, size: signed.size, values });
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > BUNDLE_BYTES_MAX) throw tooLarge(seq);
    entries.push(entry);
    if (values.shown.length > 0) {
      disclosed.push({ seq, fields: values.shown.map((each) => readDisclosure(each).name) });
    }
  }
  const { note: checkpoint, verifierKey: verifierKeyHint } = signed;
  const format = 'watchdesk-bundle/1' as const;
  return { body: { format, checkpoint, verifierKeyHint, entries }, disclosed };
}

/** One that a witness has seen says more to a stranger than a newer one that none has. */
async function checkpointFor(log: Log, tables: TenantTables, size: number) {
  const cosigned = await newestCosigned(tables, { from: size, to: log.size() });
  return cosigned ?? log.checkpoint(size);
}

interface Values {
  readonly shown: string[];
  readonly expunged: boolean;
}

async function valuesOf(log: Log, seq: number, selection: Selection): Promise<Values> {
  if (selection.disclose === undefined) return { shown: [], expunged: false };
  const disclosures = await log.disclosures(seq);
  if (disclosures === undefined) return { shown: [], expunged: true };
  const entry = parseEntry((await log.blocks.entry(seq)) ?? Buffer.alloc(0));
  return {
    shown: disclosures.filter((each) => isDisclosed(each, selection)),
    expunged: disclosures.length < entry.sd.length,
  };
}

async function entryOf(
  log: Log,
  about: { readonly seq: number; readonly size: number; readonly values: Values },
): Promise<BundleEntry> {
  const { seq, size, values } = about;
  const bytes = await log.blocks.entry(seq);
  if (bytes === undefined) throw noEntry(seq);
  const path = inclusionPath(seq, size);
  const hashes = await log.hashes(path);
  return {
    seq,
    bytes: bytes.toString('base64'),
    proof: hashes.map((each) => each.toString('hex')),
    disclosures: values.shown,
    ...(values.expunged ? { expunged: true as const } : {}),
  };
}

function bundleEvent(call: MakeCall, disclosed: { seq: number; fields: string[] }[]) {
  return call.event({
    object: { type: 'bundle', id: randomUUIDv7() },
    changes: [
      { field: 'entries', after: call.body.entries },
      { field: 'disclosed', after: disclosed },
    ],
  });
}

function tooLarge(seq: number): Problem {
  return new Problem('too-large', {
    detail:
      `With entry ${seq} the bundle would have more than ${BUNDLE_BYTES_MAX} bytes. ` +
      'Ask for fewer entries or fields at a time.',
  });
}
