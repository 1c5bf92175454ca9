/**
 * The frame in which every service runs its operations.
 *
 * 1. A message arrives for an operation, from the bus or, in the gateway, from its own routes.
 * 2. The guard answers: who is it, may they, is the input right (shared/guard.ts). Refusals are
 *    events too.
 * 3. A repeated `Idempotency-Key` gets the first answer again.
 * 4. The handler reads, decides and commits: rows, history and audit events in one transaction.
 * 5. The output is checked against the declaration, so that nothing leaves by accident.
 * 6. Audited reads become durable events before their answer leaves.
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Caller, ServiceName } from '#contracts/caller.ts';
import type { BusCall, BusReply, LedgerReceipt } from '#contracts/envelope.ts';
import { BUS_IN_FLIGHT_MAX } from '#contracts/limits.ts';
import type { Operation, OutputOf, ParsedInputOf } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import { type AnswerSweep, openAnswerSweep } from './answer-sweep.ts';
import { auditEventOf, type Fact, type FieldChange } from './audit.ts';
import { type Client, openClient } from './client.ts';
import { openContextSigner, openContextVerifier } from './context.ts';
import { admit, parseInput } from './guard.ts';
import { idempotencyOf, keepAnswer, type Remembered, recallAnswer } from './idempotency.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Bus, BusRequest, Subscription, Watcher } from './ports/bus.ts';
import type { Json, RowKey, Tables, TenantTables, Write } from './ports/tables.ts';
import type { Vault } from './ports/vault.ts';
import { asProblem, Problem } from './problem.ts';
import { openRelay, type Relay } from './relay.ts';
import { beginSpan, type TraceSpan } from './tracing.ts';

/** What a handler answers; becomes status, `ETag` and headers at the gateway. */
export interface Reply<Op extends Operation = Operation> {
  readonly body: OutputOf<Op>;
  readonly version?: number;
  /** One of the declared types of a text, where there are several. */
  readonly mediaType?: string;
  /** Query parameters that ask for the next part of a long answer. */
  readonly next?: Readonly<Record<string, string>>;
  /** What exactly was read, for the event of an audited read. */
  readonly read?: readonly FieldChange[];
  /** Only the gateway's own operations set headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Commit<Op extends Operation> extends Omit<Write, 'events' | 'unaudited'> {
  readonly events: readonly [AuditEvent, ...AuditEvent[]];
  readonly reply: Reply<Op>;
  /** Rows of another tenant than the caller's: only where an operation makes or finds one. */
  readonly tables?: TenantTables;
}

export type Committed<Op extends Operation> =
  | { readonly ok: true; readonly reply: Reply<Op> }
  | { readonly ok: false; readonly conflict: RowKey };

export interface CallWatcher extends Pick<Watcher, 'gone'> {
  /** Takes what the operation declares as its progress. */
  tell(progress: unknown): void;
}

/** One admitted request, as its handler sees it. */
export interface Call<Op extends Operation = Operation> extends ParsedInputOf<Op> {
  readonly operation: Op;
  readonly caller: Caller;
  /** The context that came with the call: the proof with which this service may ask for the caller. */
  readonly proof: string;
  readonly ifMatch: number | undefined;
  /** The span of this call, for what is asked under it. */
  readonly traceparent: string | undefined;
  /** Who waits and hears progress, where the operation declares some. */
  readonly watcher: CallWatcher | undefined;
  readonly now: Date;
  /** The caller's tenant, and no other. */
  readonly tables: TenantTables;
  /** The operation's audit event. The action is the declared one unless another is given. */
  event(fact: Omit<Fact, 'caller' | 'now' | 'action'> & { readonly action?: string }): AuditEvent;
  /** The one transaction of the operation. Throws Problem `ledger-behind`; a lost race is a result. */
  commit(commit: Commit<Op>): Promise<Committed<Op>>;
}

export interface Handling {
  readonly operation: Operation;
  run(call: Call): Promise<Reply>;
}

/** Binds an operation to its handler. */
export function handle<Op extends Operation>(
  operation: Op,
  handler: (call: Call<Op>) => Promise<Reply<Op>>,
): Handling {
  // `dispatch` gives a handler only calls that were parsed by its own operation.
  return { operation, run: handler as unknown as Handling['run'] };
}

/** What every service is made with. */
export interface ServiceParts {
  readonly name: ServiceName;
  readonly bus: Bus;
  readonly tables: Tables;
  readonly vault: Vault;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What a service's own code gets to work with, besides its calls. */
export interface ServiceTools {
  readonly client: Client;
  readonly relay: Relay;
}

export interface Service extends AsyncDisposable {
  readonly name: ServiceName;
  /** Runs one operation; never rejects. The gateway uses it for the operations of its own. */
  dispatch(
    operation: Operation,
    message: unknown,
    under?: Pick<BusRequest, 'traceparent'>,
  ): Promise<BusReply>;
}

/** The tools that a service's handlers are made with; the service itself comes after them. */
export async function openTools(parts: ServiceParts): Promise<ServiceTools> {
  const signer = openContextSigner(parts.vault, parts.name, parts.clock);
  const client = openClient(parts.bus, signer);
  const relay = await openRelay({ ...parts, service: parts.name, client });
  return { client, relay };
}

/** Checks that each declared operation has its one handler, then serves them. */
export async function openService(
  parts: ServiceParts,
  tools: ServiceTools,
  handlings: readonly Handling[],
): Promise<Service> {
  const byName = handlingsOf(parts.name, handlings);
  const answers = openAnswerSweep(parts);
  const frame = {
    ...parts,
    ...tools,
    answers,
    verifier: openContextVerifier(parts.vault, parts.clock),
  };
  const dispatch = async (operation: Operation, message: unknown, under: Under = {}) => {
    const handling = byName.get(operation.name);
    if (handling === undefined) return failure(new Problem('not-found'));
    const { watcher, traceparent } = under;
    const span = beginSpan({ name: operation.name, kind: 'server', parent: traceparent });
    const reply = await runOperation({ ...frame, watcher, span }, handling, message);
    if (!reply.ok) span.note({ 'watchdesk.outcome': reply.problem.code });
    span.end(reply.ok ? 200 : reply.problem.status);
    return reply;
  };
  const subscriptions: Subscription[] = [];
  for (const { operation } of byName.values()) {
    // What the gateway has routes for is asked there: nobody may ask for a session over the bus.
    if (parts.name === 'gateway' && operation.http !== undefined) continue;
    const answer = async ({ body, ...under }: BusRequest) =>
      // JSON by construction: outputs are checked against their schemas.
      (await dispatch(operation, body, under)) as unknown as Json;
    const options = { inFlightMax: BUS_IN_FLIGHT_MAX, answer };
    subscriptions.push(await parts.bus.serve(operation.name, options));
  }
  return {
    name: parts.name,
    dispatch,
    async [Symbol.asyncDispose]() {
      await Promise.all(subscriptions.map((each) => each.stop()));
      await answers[Symbol.asyncDispose]();
      await tools.relay[Symbol.asyncDispose]();
    },
  };
}

/** Tries again what lost a race, a few times; each try reads afresh. Problem `conflict` after that. */
export async function retryOnRace<Op extends Operation>(
  attempt: () => Promise<Committed<Op>>,
): Promise<Reply<Op>> {
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const result = await attempt();
    if (result.ok) return result.reply;
  }
  throw new Problem('conflict', {
    detail: 'The record is being changed by others just now. Read it and try again.',
  });
}

const RACE_TRIES_MAX = 8;

interface Frame extends ServiceParts, ServiceTools {
  readonly verifier: ReturnType<typeof openContextVerifier>;
  readonly answers: Pick<AnswerSweep, 'kept'>;
  readonly watcher?: Watcher | undefined;
  readonly span: TraceSpan;
}

/** Who waits, and under which span. */
type Under = Pick<BusRequest, 'watcher' | 'traceparent'>;

function handlingsOf(name: ServiceName, handlings: readonly Handling[]): Map<string, Handling> {
  const byName = new Map(
    handlings.map((handling) => [handling.operation.name as string, handling]),
  );
  const declared = operations.filter(({ service }) => service === name);
  const missing = declared.filter((operation) => byName.get(operation.name) === undefined);
  if (missing.length > 0 || byName.size !== declared.length || byName.size !== handlings.length) {
    const names = missing.map((operation) => operation.name).join(', ');
    throw new Error(`${name}: operations and handlers do not match one to one; missing: ${names}`);
  }
  return byName;
}

async function runOperation(frame: Frame, handling: Handling, message: unknown): Promise<BusReply> {
  const startedAt = performance.now();
  const { operation } = handling;
  let outcome = 'ok';
  try {
    return await carryOut(frame, handling, message);
  } catch (error) {
    const problem = asProblem(error);
    outcome = problem.code;
    if (problem.code === 'internal') {
      frame.metrics.alarm('internal-error');
      frame.log.error(
        { operation: operation.name, ...frame.span.ids, err: error },
        'an operation failed',
      );
    }
    return failure(problem);
  } finally {
    const seconds = (performance.now() - startedAt) / 1000;
    frame.metrics.operationDone({ operation: operation.name, outcome, seconds });
  }
}

async function carryOut(frame: Frame, handling: Handling, message: unknown): Promise<BusReply> {
  const { operation } = handling;
  const now = new Date(frame.clock());
  const refused = (caller: Caller) => recordRefusal(frame, operation, caller, now);
  const { call: message_, caller } = await admit({ ...frame, operation, message, refused });
  const input = parseInput(operation, message_.input);
  const tables = frame.tables.forTenant(caller.tenant);
  const remembered = idempotencyOf(operation, caller, message_, now);
  const earlier = remembered && (await recallAnswer(tables, remembered));
  if (earlier !== undefined) return { ok: true, ...earlier };
  const events: AuditEvent[] = [];
  const call: Call = {
    ...input,
    operation,
    caller,
    proof: message_.context,
    ifMatch: message_.ifMatch,
    traceparent: frame.span.traceparent,
    watcher: watcherOf(operation, frame.watcher),
    now,
    tables,
    event: (fact) => eventOf(operation, caller, now, fact),
    commit: (commit) => commitCall({ frame, tables, remembered, events, commit }),
  };
  const reply = await handling.run(call);
  const body = checkedOutput(operation, reply.body);
  await recordRead(frame, call, reply);
  const receipt = await receiptFor(frame.relay, events, message_);
  return {
    ok: true,
    body,
    ...(reply.version === undefined ? {} : { version: reply.version }),
    ...(receipt === undefined ? {} : { receipt }),
    ...(reply.mediaType === undefined ? {} : { mediaType: reply.mediaType }),
    ...(reply.next === undefined ? {} : { next: reply.next }),
    ...(reply.headers === undefined ? {} : { headers: reply.headers }),
  };
}

/** Progress is checked like an answer: nothing leaves by accident. */
function watcherOf({ progress }: Operation, watcher: Watcher | undefined): CallWatcher | undefined {
  if (watcher === undefined || progress === undefined) return undefined;
  const { gone } = watcher;
  return { gone, tell: (told) => watcher.tell(progress.parse(told) as Json) };
}

async function commitCall(request: {
  readonly frame: Frame;
  readonly tables: TenantTables;
  readonly remembered: Remembered | undefined;
  readonly events: AuditEvent[];
  readonly commit: Commit<Operation>;
}): Promise<Committed<Operation>> {
  const { frame, remembered, events } = request;
  const { reply, tables = request.tables, changes, ...rest } = request.commit;
  frame.relay.assertRoom();
  const kept = remembered === undefined ? [] : [keepAnswer(remembered, reply)];
  const result = await tables.write({ ...rest, changes: [...changes, ...kept] });
  if (result.ok) {
    events.push(...request.commit.events);
    frame.relay.kick(request.commit.events);
    if (remembered !== undefined) frame.answers.kept(remembered.tenant);
    return { ok: true, reply };
  }
  const earlier = remembered && (await recallAnswer(tables, remembered));
  if (earlier !== undefined) return { ok: true, reply: earlier };
  return result;
}

function eventOf(
  operation: Operation,
  caller: Caller,
  now: Date,
  fact: Parameters<Call['event']>[0],
): AuditEvent {
  const { audit } = operation;
  if (audit.kind === 'none') throw new Error(`${operation.name} declares no audit event`);
  return auditEventOf({ action: audit.action, ...fact, caller, now });
}

/** Refused calls are events of the tenant in whose name they were made. Never fails the refusal. */
async function recordRefusal(
  frame: Frame,
  operation: Operation,
  caller: Caller,
  now: Date,
): Promise<void> {
  const event = auditEventOf({
    caller,
    action: `${operation.service}.operation.refused`,
    object: { type: 'operation', id: operation.name },
    outcome: 'refused',
    reason: `needs ${operation.permission}`,
    now,
  });
  try {
    await frame.tables.forTenant(caller.tenant).write({ changes: [], events: [event] });
    frame.relay.kick([event]);
  } catch (error) {
    frame.log.error({ operation: operation.name, err: error }, 'a refusal was not recorded');
  }
}

/** An audited read: the event is durable before the answer leaves, or there is no answer. */
async function recordRead(frame: Frame, call: Call, reply: Reply): Promise<void> {
  const { audit } = call.operation;
  if (audit.kind !== 'read') return;
  frame.relay.assertRoom();
  const id = idIn(call.params) ?? idIn(reply.body) ?? call.caller.tenant;
  const { read: changes = [] } = reply;
  const event = call.event({ object: { type: audit.object, id }, changes });
  await call.tables.write({ changes: [], events: [event] });
  frame.relay.kick([event]);
}

function idIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('id' in value && typeof value.id === 'string') return value.id;
  return 'seq' in value && typeof value.seq === 'number' ? String(value.seq) : undefined;
}

function checkedOutput(operation: Operation, body: unknown): unknown {
  const parsed = operation.output.safeParse(body);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Error(`${operation.name}: the output does not fit its declaration at ${places}`);
}

/** The receipt of the last event: by then the ledger has those before it too. */
async function receiptFor(
  relay: Relay,
  events: readonly AuditEvent[],
  message: BusCall,
): Promise<LedgerReceipt | undefined> {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  return relay.receipt(last.id, message.receiptWaitMs ?? 0);
}

function failure(problem: Problem): BusReply {
  return { ok: false, problem: problem.toBody() };
}
