import { randomUUIDv7 } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import { appendEvents, type LedgerEntry, listEntries } from '#contracts/ledger.ts';
import type { InputOf, Operation, OutputOf } from '#contracts/operation.ts';
import type { Role } from '#contracts/permissions.ts';
import type { ProblemCode } from '#contracts/problems.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { openLedger } from '#services/ledger/service.ts';
import { jobCaller } from '#shared/client.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { until } from '#test/support/api.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';

type Ask = <Op extends Operation>(
  operation: Op,
  input?: Partial<InputOf<Op>>,
) => Promise<OutputOf<Op>>;

export interface Serving extends AsyncDisposable {
  readonly host: TestHost;
  readonly tenant: string;
  /** One and the same person at every call. */
  as(caller: CallerClaims): Ask;
  someone(...roles: Role[]): CallerClaims;
  append(events: readonly AuditEvent[]): Promise<OutputOf<typeof appendEvents>>;
  /** Moves the clock, once the outbox is empty: events do not grow old by it. */
  advance(ms: number): Promise<void>;
  /** The service stops, and another process opens on the same stores. */
  reopen(): Promise<void>;
  /** Entries with this action, once there are as many as expected: the outbox takes a moment. */
  entries(action: string, count: number): Promise<LedgerEntry[]>;
}

/** The ledger as a service on real stores, asked over the bus; the first process through `tables`. */
export async function openServing(
  through: (tables: Tables) => Tables = (tables) => tables,
): Promise<Serving> {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost());
  const tenant = randomUUIDv7();
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  let service = await openLedger({ ...parts, tables: through(parts.tables) });
  opened.defer(() => service[Symbol.asyncDispose]());
  const stack = opened.move();

  const as =
    (caller: CallerClaims): Ask =>
    async (operation, input = {}) =>
      (await host.client.call(operation, input, caller)).body;
  const someone = (...roles: Role[]) => person({ tenant, roles });
  return {
    host,
    tenant,
    as,
    someone,
    append: (events) =>
      as(jobCaller('core-records', { tenant }))(appendEvents, { body: { events: [...events] } }),
    async advance(ms) {
      const depth = async () => (await parts.tables.outboxDepth()).events;
      await until('events in the outbox', depth, (events) => events === 0);
      host.advance(ms);
    },
    async reopen() {
      await service[Symbol.asyncDispose]();
      service = await openLedger(parts);
    },
    async entries(action, count) {
      const ask = async () => as(someone('admin'))(listEntries, { query: { action } });
      const { items } = await until(action, ask, (page) => page.items.length >= count);
      return items.map(({ leafHash: _, ...entry }) => entry);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** With core-records beside it: without its word on legal holds nothing is expunged. */
export async function openServingWithRecords(): Promise<Serving> {
  await using opened = new AsyncDisposableStack();
  const serving = opened.use(await openServing());
  opened.use(await openCoreRecords(await serving.host.parts('core-records')));
  const stack = opened.move();
  return { ...serving, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The code of the problem that a call ends with; `undefined` when it ends well. */
export async function codeOf(call: Promise<unknown>): Promise<ProblemCode | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}
