import {
  type CadMessage,
  listCadMessages,
  readCadMessage,
  readRawCadMessage,
  rejectCadMessage,
  releaseCadMessage,
  replayCadMessage,
} from '#contracts/cad-messages.ts';
import { SIGNED_URL_LIFETIME_SECONDS_MAX } from '#contracts/limits.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage } from '#shared/pages.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, type Reply, retryOnRace } from '#shared/service.ts';
import {
  assertNotExpired,
  findMessage,
  getMessage,
  INDEX_KIND,
  indexPrefixOf,
  MESSAGE_KIND,
  type MessageRow,
  messageChanges,
  rawKeyOf,
  type StoredMessage,
  shownMessage,
} from './message.ts';
import { toBeReadAgain } from './processing/readings.ts';
import type { Trials } from './profiles/trials.ts';
import { tryReplay } from './replay.ts';

interface Parts {
  readonly blobs: Blobs;
  readonly trials: Trials;
  /** Puts a message in line to be processed. Lost calls are made up for by the sweep. */
  enqueue(work: { readonly tenant: TenantId; readonly id: string }): Promise<void>;
}

/** The operations on received mails. */
export function messageHandlings(parts: Parts): readonly Handling[] {
  return [
    handle(listCadMessages, (call) => list(call)),
    handle(readCadMessage, async (call) => {
      const message = await findMessage(call.tables, call.params.id);
      return { body: shownMessage(message), version: message.version };
    }),
    handle(readRawCadMessage, async (call) => {
      const message = await findMessage(call.tables, call.params.id);
      assertNotExpired(message);
      const { id, value } = message;
      if (value.expungedBy !== undefined) {
        throw new Problem('gone', { detail: 'The raw mail was destroyed by order.' });
      }
      const { url, expiresAt } = await parts.blobs.signGet({
        key: rawKeyOf(call.caller.tenant, value.sha256),
        contentType: 'message/rfc822',
        fileName: `${id}.eml`,
        lifetimeSeconds: SIGNED_URL_LIFETIME_SECONDS_MAX,
      });
      return { body: { url, expiresAt } };
    }),
    handle(releaseCadMessage, async (call) => {
      const reason = call.body?.reason;
      const reply = await decide(call, { from: ['quarantined'], to: 'received', reason });
      await parts.enqueue({ tenant: call.caller.tenant, id: reply.body.id });
      return reply;
    }),
    handle(rejectCadMessage, (call) => {
      const reason = call.body?.reason;
      return decide(call, { from: ['quarantined'], to: 'rejected', reason });
    }),
    handle(replayCadMessage, async (call) => {
      if (call.query.dryRun === true) {
        const message = await findMessage(call.tables, call.params.id);
        assertVersion(message, call.ifMatch);
        assertNotExpired(message);
        assertStatus(message, REPLAYED_FROM);
        return tryReplay(parts, call, message);
      }
      const reply = await decide(call, { from: REPLAYED_FROM, to: 'received', reason: undefined });
      await parts.enqueue({ tenant: call.caller.tenant, id: reply.body.id });
      return reply;
    }),
  ];
}

async function list(call: Call<typeof listCadMessages>): Promise<Reply<typeof listCadMessages>> {
  const { status, sourceId } = call.query;
  const prefix = indexPrefixOf({ status, sourceId });
  const rows = prefix === undefined ? { kind: MESSAGE_KIND } : { kind: INDEX_KIND, prefix };
  const body = await listPage({
    operation: call.operation.name,
    query: call.query,
    tables: call.tables,
    rows: { ...rows, descending: true },
    itemOf: async (row) => {
      const id = row.id.slice(prefix?.length ?? 0);
      const message = await getMessage(call.tables, id);
      // Its status may have changed since the index was read.
      const fits = status === undefined || message?.value.status === status;
      return message !== undefined && fits ? shownMessage(message) : undefined;
    },
  });
  return { body };
}

/** A failed mail is tried again, a processed one read again. */
const REPLAYED_FROM = ['failed', 'processed'] as const;

type Deciding = typeof releaseCadMessage | typeof rejectCadMessage | typeof replayCadMessage;

/** Moves a message from one status to another, if it has the one and the caller knows its version. */
function decide<Op extends Deciding>(
  call: Call<Op>,
  move: {
    readonly from: readonly CadMessage['status'][];
    readonly to: CadMessage['status'];
    readonly reason: string | undefined;
  },
): Promise<Reply<Op>> {
  // The three share their parameters; TypeScript does not resolve them for a generic operation.
  const { id } = call.params as Call<typeof replayCadMessage>['params'];
  return retryOnRace(async () => {
    const before = await findMessage(call.tables, id);
    assertVersion(before, call.ifMatch);
    assertNotExpired(before);
    assertStatus(before, move.from);
    const value = movedTo(before.value, move, call.now);
    const after: StoredMessage = { id, version: before.version + 1, value };
    return call.commit({
      changes: messageChanges(id, value, before),
      events: [
        call.event({
          object: { type: 'cad-message', id, version: after.version },
          reason: move.reason,
          changes: changesBetween({ status: before.value.status }, { status: move.to }),
        }),
      ],
      reply: { body: shownMessage(after), version: after.version } as Reply<Op>,
    });
  });
}

function movedTo(
  before: MessageRow,
  move: { readonly to: CadMessage['status']; readonly reason: string | undefined },
  now: Date,
): MessageRow {
  const isReplay = before.status === 'processed';
  const { reason: _earlier, ...value } = isReplay ? toBeReadAgain(before) : before;
  const moved = { ...value, status: move.to, touchedAt: now.toISOString(), tries: 0, stalls: 0 };
  // On the message the reason is why it stays out; why it was let in stands in the ledger.
  return move.to === 'rejected' && move.reason !== undefined
    ? { ...moved, reason: move.reason }
    : moved;
}

function assertVersion({ version }: StoredMessage, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === version) return;
  throw new Problem('version-mismatch', {
    detail: `If-Match names version ${ifMatch}, the message is at ${version}. Read it and decide anew.`,
  });
}

function assertStatus({ value }: StoredMessage, wanted: readonly CadMessage['status'][]): void {
  if (value.expungedBy !== undefined) {
    throw new Problem('conflict', { detail: 'The raw mail was destroyed by order.' });
  }
  if (wanted.includes(value.status)) return;
  throw new Problem('conflict', {
    detail: `The message is ${value.status}; this can be done only while it is ${wanted.join(' or ')}.`,
  });
}
