/**
 * The door of vendors with a key: a dispatch message over HTTP, into the same pipeline as mail.
 *
 * 1. The source is the key's own. A message that is no mail is made one (submission.ts).
 * 2. The same id for the same source ends here: with the first answer, or as a conflict when it comes
 *    with other content.
 * 3. The raw bytes are put into the store under tenant and SHA-256.
 * 4. One transaction: message, lists, work id, the id it was submitted by, the audit event.
 * 5. The queue hears of it; the sweep makes up for a lost call. Only then the answer.
 *
 * A crash after 3 leaves bytes that the next try finds in place, after 4 a row that the sweep finds.
 */
import { hash, randomUUIDv7 } from 'node:crypto';
import { z } from 'zod';
import { type CadMessage, submitCadMessage } from '#contracts/cad-messages.ts';
import { rowId, sha256Hex } from '#contracts/primitives.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Json, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import {
  findMessage,
  type MessageRow,
  messageChanges,
  rawKeyOf,
  shownMessage,
  WORK_KIND,
  workIdOf,
} from '../message.ts';
import type { Work } from '../processing/work.ts';
import { SOURCE_KIND, type SourceRow, sourceRow } from '../source.ts';
import { type HeaderScan, scanHeader } from './header-scan.ts';
import { type MailToKeep, receivedFacts, rowOf } from './kept-mail.ts';
import { mailOf } from './submission.ts';

/** From an id by which something was submitted to its message: one to each. */
const SUBMISSION_KIND = 'cad-submission';
const RECEIVED_AGO_MS_MAX = 7 * 24 * 60 * 60 * 1_000;
/** Clocks of vendors go wrong a little. */
const RECEIVED_AHEAD_MS_MAX = 5 * 60 * 1_000;

const submission = z.strictObject({ messageId: rowId, sha256: sha256Hex });
const workRow = z.object({ messageId: rowId });

interface Parts {
  readonly blobs: Blobs;
  /** Puts a message in line to be processed. Lost calls are made up for by the sweep. */
  enqueue(work: Work): Promise<void>;
}

type Submit = typeof submitCadMessage;

/** What was submitted, and under which id it is known. */
interface Submitted extends MailToKeep {
  readonly sourceId: string;
  readonly source: SourceRow;
  readonly receivedAt: string;
  readonly idHash: string;
}

export function submissionHandlings(parts: Parts): readonly Handling[] {
  return [
    handle(submitCadMessage, async (call) => {
      const submitted = await submittedOf(call);
      const { tenant } = call.caller;
      const reply = await retryOnRace(() => submit(parts, call, submitted));
      if (reply.body.status === 'received') await parts.enqueue({ tenant, id: reply.body.id });
      return reply;
    }),
  ];
}

async function submittedOf(call: Call<Submit>): Promise<Submitted> {
  const { body } = call;
  const sourceId = sourceIdOf(call);
  const row = await call.tables.get({ kind: SOURCE_KIND, id: sourceId });
  if (row === undefined) throw noSuchSource(body.sourceId !== undefined);
  const { raw: base64, id = '' } = body;
  const raw =
    base64 === undefined ? mailOf({ ...body, id, sourceId }) : Buffer.from(base64, 'base64');
  const scan = scanHeader(raw);
  const sha256 = hash('sha256', raw);
  return {
    sourceId,
    source: sourceRow.parse(row.value),
    raw,
    scan,
    sha256,
    receivedAt: receivedAtOf(call),
    // A mail without an id is known by its content.
    idHash: hash('sha256', scan.messageId ?? sha256),
  };
}

/** Whoever named it hears which field; who did not holds a key that is of nothing. */
function noSuchSource(isNamed: boolean): Problem {
  if (!isNamed) return new Problem('not-found', { detail: 'There is no source for this key.' });
  const errors = [{ pointer: '#/body/sourceId', detail: 'is no CAD source of this department' }];
  return new Problem('not-found', { detail: 'There is no such source.', errors });
}

/** A key speaks for the one source that it was made for. */
function sourceIdOf({ caller, body }: Call<Submit>): string {
  const { cadSource } = caller;
  if (cadSource !== undefined && (body.sourceId ?? cadSource) !== cadSource) {
    throw new Problem('forbidden', { detail: 'This key is of another source.' });
  }
  const sourceId = cadSource ?? body.sourceId;
  if (sourceId !== undefined) return sourceId;
  throw invalid('#/body/sourceId', 'must name the source: you are not a key that is of one');
}

function receivedAtOf({ body, now }: Call<Submit>): string {
  if (body.receivedAt === undefined) return now.toISOString();
  const agoMs = now.getTime() - Date.parse(body.receivedAt);
  if (agoMs <= RECEIVED_AGO_MS_MAX && agoMs >= -RECEIVED_AHEAD_MS_MAX) return body.receivedAt;
  throw invalid('#/body/receivedAt', 'must be in the last seven days, and not ahead of this clock');
}

async function submit(
  { blobs }: Parts,
  call: Call<Submit>,
  submitted: Submitted,
): Promise<Committed<Submit>> {
  const { tables, caller, now } = call;
  const { sourceId, scan, sha256, idHash } = submitted;
  const earlier = await earlierOf(tables, submitted);
  if (earlier !== undefined) {
    const message = await findMessage(tables, earlier);
    return { ok: true, reply: { body: shownMessage(message), version: message.version } };
  }
  const workId = workIdOf({ sourceId, messageId: scan.messageId, sha256 });
  await blobs.put(rawKeyOf(caller.tenant, sha256), submitted.raw);
  const id = randomUUIDv7();
  const trust = trustOf(scan);
  const kept = rowOf({ mail: submitted, inbox: submitted, workId, trust, now });
  const value: MessageRow = { ...kept, receivedAt: submitted.receivedAt };
  const known: Json = { messageId: id, sha256 };
  return call.commit({
    changes: [
      { put: { kind: SUBMISSION_KIND, id: `${sourceId}/${idHash}`, value: known }, expect: 0 },
      { put: { kind: WORK_KIND, id: workId, value: { messageId: id } }, expect: 0 },
      ...messageChanges(id, value),
    ],
    events: [
      call.event({
        object: { type: 'cad-message', id, version: 1 },
        changes: receivedFacts(value),
      }),
    ],
    reply: { body: shownMessage({ id, version: 1, value }), version: 1 },
  });
}

/** The message that was submitted by this id before, or that came as the same mail by SMTP. */
async function earlierOf(
  tables: TenantTables,
  { sourceId, scan, sha256, idHash }: Submitted,
): Promise<string | undefined> {
  const row = await tables.get({ kind: SUBMISSION_KIND, id: `${sourceId}/${idHash}` });
  const workId = workIdOf({ sourceId, messageId: scan.messageId, sha256 });
  const work = row ?? (await tables.get({ kind: WORK_KIND, id: workId }));
  if (row !== undefined && submission.parse(row.value).sha256 !== sha256) {
    throw new Problem('conflict', {
      detail: 'Another message came with this id before. Give a new message an id of its own.',
    });
  }
  return work && workRow.parse(work.value).messageId;
}

/** The key vouches for the sender. A header that can be read in two ways nobody can vouch for. */
function trustOf({ findings }: HeaderScan): CadMessage['trust'] {
  const doubts = findings.filter((finding) => finding.startsWith('header-'));
  return doubts.length > 0
    ? { verdict: 'untrusted', reasons: doubts }
    : { verdict: 'trusted', reasons: ['key-vouches'] };
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem('validation', {
    detail: `Mend ${pointer} and send it again.`,
    errors: [{ pointer, detail }],
  });
}
