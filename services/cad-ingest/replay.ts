import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type CadDraft, cadFieldKeys } from '#contracts/cad-fields.ts';
import type { replayCadMessage } from '#contracts/cad-messages.ts';
import type { OutputOf } from '#contracts/operation.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Reply, retryOnRace } from '#shared/service.ts';
import { type MessageRow, type StoredMessage, shownMessage } from './message.ts';
import { selectionOf } from './profiles/selection.ts';
import { rawOf, type Trials } from './profiles/trials.ts';

type Replay = typeof replayCadMessage;
type Diff = NonNullable<OutputOf<Replay>['diff']>;

/**
 * What a reading by what is active now would change on a mail. Its raw bytes are read for somebody,
 * so that this is an event too, although nothing changes.
 */
export async function tryReplay(
  parts: { readonly blobs: Blobs; readonly trials: Trials },
  call: Call<Replay>,
  message: StoredMessage,
): Promise<Reply<Replay>> {
  const { id, value, version } = message;
  const { from, receivedAt, sourceId } = value;
  const now = await selectionOf(call.tables, sourceId);
  const raw = await rawOf(parts.blobs, call.caller.tenant, value.sha256);
  const about = { from, receivedAt, sourceId, active: now, tried: now };
  const read = raw && (await parts.trials.inLine(() => parts.trials.compare({ raw, ...about })));
  if (read?.kind !== 'compared') {
    throw new Problem('conflict', {
      detail: 'The raw mail is not kept any more, or cannot be read.',
    });
  }
  const diff = diffOf(earlierDrafts(value), read.tried);
  const fields = [...new Set(diff.map(({ field }) => field))];
  const event = call.event({
    action: 'cad-ingest.message.replay-tried',
    object: { type: 'cad-message', id, version },
    changes: changesBetween({}, { fields }),
  });
  return retryOnRace(() =>
    call.commit({
      changes: [],
      events: [event],
      reply: { body: { ...shownMessage(message), diff }, version },
    }),
  );
}

function earlierDrafts({ draft, pages }: MessageRow): readonly CadDraft[] {
  if (pages !== undefined) return pages.map((page) => page.draft);
  return draft === undefined ? [] : [draft];
}

/** Of a call that the new reading does not find nothing is said: it stays the incident that it is. */
function diffOf(before: readonly CadDraft[], after: readonly CadDraft[]): Diff {
  return after.flatMap(({ fields }, at) => {
    const earlier = before[at]?.fields ?? {};
    return cadFieldKeys
      .filter((field) => !isDeepStrictEqual(earlier[field], fields[field]))
      .map((field) => ({
        call: at + 1,
        field,
        ...(earlier[field] === undefined ? {} : { before: jsonOf(earlier[field]) }),
        ...(fields[field] === undefined ? {} : { after: jsonOf(fields[field]) }),
      }));
  });
}

function jsonOf(value: unknown) {
  return z.json().parse(JSON.parse(JSON.stringify(value)));
}
