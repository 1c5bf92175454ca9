/**
 * The group commit of one log.
 *
 * 1. Events wait in a queue. While a block is in flight, those that arrive make up the next.
 * 2. Take what fits into one block. Find which of their ids the log has: in memory, then in rows.
 * 3. Decide (chain/append.ts): append, repeat, conflict.
 * 4. Find the keys of their records, make new ones.
 * 5. If the log has moved since 2, another process was faster: begin again at 2.
 * 6. Without a pause: seal the values and make the block on the head as it is.
 * 7. Put it into its slot together with the new keys (slot.ts). Lost: follow what is there, and
 *    begin again at 2.
 * 8. Take the block into the view, answer everyone who is in it.
 *
 * What comes with changes of its own (an expungement) has a block to itself: nothing that arrives
 * after it can be sealed under a key that is removed in the same write.
 *
 * A crash before 7 leaves nothing; in 7 the block with its keys, or nothing; after it everything.
 * Whoever has no answer sends the events again and gets the first receipts.
 */
import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { BLOCK_ENTRIES_MAX, WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import {
  type Decision,
  decide,
  fitting,
  type Known,
  type Offered,
  offer,
  type Verdict,
} from '../chain/append.ts';
import { makeBlock, type Step } from '../chain/head.ts';
import { NONCE_BYTES, type RecordKey } from '../chain/seal.ts';
import { type EventValues, sealBlock } from '../chain/seal-block.ts';
import { advance, type View } from '../log/view.ts';
import { putBlock, type SlotResult } from './slot.ts';
import type { NewKey, RecordKeys } from './values.ts';

/** The block and its parts take the rest of a write. */
const NEW_KEYS_MAX = WRITE_ITEMS_MAX - 10;
/** Every lost round is a block of somebody else; that many in a row is no accident. */
const ROUNDS_MAX = 64;
const SALT_BYTES = 16;

export interface Receipt {
  readonly status: Verdict['status'];
  readonly seq: number;
  readonly leafHash: string;
}

export interface WriterParts {
  readonly tenant: string;
  readonly tables: TenantTables;
  readonly view: View;
  readonly keys: RecordKeys;
  /** Names this process in the headers of its blocks. */
  readonly writer: string;
  readonly clock: () => number;
  /** Entries of the log that have these ids. */
  readonly find: (ids: readonly string[]) => Promise<Map<string, Known>>;
  /** Takes in the blocks of other processes. */
  readonly follow: () => Promise<void>;
  /** Before the first block, and when too much waits behind the commits. */
  readonly prepare: () => Promise<void>;
  /** While a block is on its way to the store. */
  readonly meanwhile: () => void;
  readonly committed: (step: Step) => void;
  readonly failed: (error: unknown) => void;
}

export interface Writer {
  /** Receipts in the order of the events. Rejects when one of them could not be appended. */
  append(events: readonly AuditEvent[]): Promise<Receipt[]>;
  /** Appends the event, alone in its block, in one write with these changes. */
  appendWith(event: AuditEvent, beside: Beside): Promise<Receipt>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

/**
 * Changes that belong into the write of a block, where the entry gets that number, and the block
 * that one. They are asked for again whenever the block is made again. A rejection ends this append, and no other one.
 */
export type Beside = (seq: number, blockNo: number) => Promise<readonly Change[]>;

interface Waiting {
  readonly offered: Offered;
  readonly beside?: Beside;
  readonly call: Call;
}

/** Events that came together: they are answered together, though they may stand in several blocks. */
interface Call {
  readonly receipts: Receipt[];
  readonly count: number;
  readonly resolve: (receipts: Receipt[]) => void;
  readonly reject: (error: unknown) => void;
}

export function openWriter(parts: WriterParts): Writer {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const settled = await settleFront();
      queue = queue.slice(settled);
    }
    running = undefined;
  }

  /** Commits one block; how many of the queue have their answer now. */
  async function settleFront(): Promise<number> {
    const batch = nextBatch(queue);
    try {
      await parts.prepare();
      const receipts = await commit(parts, batch);
      for (const [index, receipt] of receipts.entries()) answer(queue[index]?.call, receipt);
      return receipts.length;
    } catch (error) {
      // All of them: a later event of a record must not overtake an earlier one that failed.
      const failed = batch.beside === undefined ? queue.length : 1;
      for (const { call } of queue.slice(0, failed)) call.reject(error);
      return failed;
    }
  }

  async function wait(
    events: readonly AuditEvent[],
    more: Pick<Waiting, 'beside'>,
  ): Promise<Receipt[]> {
    if (events.length === 0) return [];
    const offered = events.map(offer);
    const { promise, resolve, reject } = Promise.withResolvers<Receipt[]>();
    const call = { receipts: [], count: events.length, resolve, reject };
    for (const each of offered) queue.push({ offered: each, ...more, call });
    running ??= run();
    return promise;
  }

  return {
    append: (events) => wait(events, {}),
    async appendWith(event, beside) {
      const [receipt] = await wait([event], { beside });
      if (receipt === undefined) throw new Error('an event has no receipt');
      return receipt;
    },
    async idle() {
      await running;
    },
  };
}

function answer(call: Call | undefined, receipt: Receipt): void {
  if (call === undefined) return;
  // The queue keeps the order of the events, so that receipts come in it.
  call.receipts.push(receipt);
  if (call.receipts.length === call.count) call.resolve(call.receipts);
}

interface Batch {
  readonly offered: readonly Offered[];
  readonly beside?: Beside;
}

function nextBatch(queue: readonly Waiting[]): Batch {
  const [first] = queue;
  if (first?.beside !== undefined) return { offered: [first.offered], beside: first.beside };
  const front = queue.slice(0, BLOCK_ENTRIES_MAX);
  const alone = front.findIndex(({ beside }) => beside !== undefined);
  const together = (alone < 0 ? front : front.slice(0, alone)).map(({ offered }) => offered);
  return { offered: together.slice(0, fitting(together)) };
}

/** Receipts of the first events, as many as went into one block; all of them if none was needed. */
async function commit(parts: WriterParts, batch: Batch): Promise<Receipt[]> {
  const { tables, view, keys, follow } = parts;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const seen = { blockNo: view.head.blockNo, pages: view.pages };
    const { size } = view.head.edge;
    const plan = await planOf(parts, batch.offered);
    if (plan.entries.length === 0) return receiptsOf(plan, undefined);
    const more = (await batch.beside?.(size, seen.blockNo + 1)) ?? [];
    if (view.head.blockNo !== seen.blockNo || view.pages !== seen.pages) continue;
    const step = blockOf(parts, plan);
    const newKeys = [...plan.newKeys.values()].map(({ change }) => change);
    const beside = [...newKeys, ...more];
    const putting = putBlock({ ...parts, tables, block: step, beside });
    parts.meanwhile();
    const result: SlotResult = await putting;
    if (result === 'committed') {
      take(parts, plan, step);
      // A key may be gone with them.
      if (more.length > 0) keys.forget();
      return receiptsOf(plan, step);
    }
    // Keys and ids may have changed with the blocks that were faster.
    if (result === 'stale') keys.forget();
    await follow();
  }
  throw new Problem('unavailable', {
    detail: 'Other processes write to this log all the time. Send the events again.',
    retryAfterSeconds: 1,
  });
}

interface Plan extends Decision {
  readonly keys: ReadonlyMap<string, RecordKey>;
  readonly newKeys: ReadonlyMap<string, NewKey>;
}

async function planOf(parts: WriterParts, offered: readonly Offered[]): Promise<Plan> {
  const { find, keys, clock } = parts;
  const known = await find(offered.map(({ event }) => event.id));
  const now = new Date(clock()).toISOString();
  const salt = () => randomBytes(SALT_BYTES).toString('base64url');
  let whole = decide({ offered, known, now, salt });
  if (whole.telling.length > 0) {
    for (const [id, entry] of await find(whole.telling)) known.set(id, entry);
    whole = decide({ offered, known, now, salt });
  }
  const records = new Set(whole.entries.map(({ record }) => record));
  const found = await keys.find([...records]);
  const decision = withNewKeysAtMost(whole, found, NEW_KEYS_MAX);
  const missing = new Set(
    decision.entries.map(({ record }) => record).filter((record) => !found.has(record)),
  );
  const made = await Promise.all(
    [...missing].map(async (record) => [record, await keys.make(record)] as const),
  );
  return { ...decision, keys: found, newKeys: new Map(made) };
}

/** The decision about the first events, cut before the entry that needs one new key too many. */
function withNewKeysAtMost(
  decision: Decision,
  found: ReadonlyMap<string, RecordKey>,
  newKeysMax: number,
): Decision {
  const missing = new Set<string>();
  let fit = 0;
  for (const { record } of decision.entries) {
    if (!found.has(record)) missing.add(record);
    if (missing.size > newKeysMax) break;
    fit += 1;
  }
  if (fit === decision.entries.length) return decision;
  const verdicts = decision.verdicts.slice(
    0,
    decision.verdicts.findIndex(({ entriesAfter }) => entriesAfter > fit),
  );
  return { ...decision, entries: decision.entries.slice(0, fit), verdicts };
}

/** Sealing, hashing and packing; nothing can come between the head and the block made on it. */
function blockOf({ tenant, view, clock, writer }: WriterParts, plan: Plan): Step {
  const events = plan.entries.map(({ event, record }): EventValues => {
    const key = plan.keys.get(record) ?? plan.newKeys.get(record)?.key;
    if (key === undefined) throw new Error('a record has no key');
    return { record, key, eventId: event.id, disclosures: event.disclosures };
  });
  return makeBlock({
    head: view.head,
    contents: plan.entries.map(({ content }) => content),
    sealed: sealBlock({ tenant, events, nonces: randomBytes(NONCE_BYTES * events.length) }),
    recordedAt: new Date(clock()).toISOString(),
    writer,
  });
}

function take({ view, keys, committed }: WriterParts, plan: Plan, step: Step): void {
  const isNext = advance(
    view,
    step,
    plan.entries.map(({ event }) => event),
  );
  // Followed already, and perhaps others behind it, which may have removed these keys.
  if (!isNext) return;
  for (const [record, { key }] of plan.newKeys) keys.keep(record, key);
  committed(step);
}

function receiptsOf({ verdicts }: Decision, step: Step | undefined): Receipt[] {
  return verdicts.map(({ status, standing }) => {
    if ('known' in standing) {
      return { status, seq: standing.known.seq, leafHash: standing.known.leafHash };
    }
    const leaf = step?.leaves[standing.index];
    if (step === undefined || leaf === undefined) throw new Error('a verdict names no entry');
    return { status, seq: step.header.first + standing.index, leafHash: leaf.toString('hex') };
  });
}
