/**
 * Trying and learning: what people do with profiles before one reads their mail.
 *
 * A trial reads the newest kept mails of a source by the active profile and by another one. What came
 * of trying a kept version is written down beside the event, because an activation asks for it.
 */
import type { CadProfile } from '#contracts/cad-profiles.ts';
import { learnCadProfile, tryCadProfile } from '#contracts/cad-trials.ts';
import type { OutputOf } from '#contracts/operation.ts';
import { permits } from '#contracts/permissions.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, type Reply, retryOnRace } from '#shared/service.ts';
import {
  findMessage,
  getMessage,
  INDEX_KIND,
  indexPrefixOf,
  type StoredMessage,
} from '../message.ts';
import { sourceRow } from '../source.ts';
import { findSource } from './activation.ts';
import { findProfile } from './profile-row.ts';
import { type Active, activeOf, type Selection, selected } from './selection.ts';
import { countsOf, isWorse, shownMails, type TwoReadings } from './trial.ts';
import { trialChange } from './trial-row.ts';
import { type LearnJob, rawOf, type Trials } from './trials.ts';

/** A bus request ends after ten seconds; what is not read by then is counted as unread. */
const TRIAL_MS_MAX = 7_000;
/** Rows looked at for the mails of one trial: those that nobody trusts are passed over. */
const LOOKED_AT_MAX = 200;

interface Parts {
  readonly blobs: Blobs;
  readonly trials: Trials;
}

type Try = typeof tryCadProfile;
type Learn = typeof learnCadProfile;

export function tryingHandlings(parts: Parts): readonly Handling[] {
  return [
    handle(tryCadProfile, (call) => parts.trials.inLine(() => tryProfile(parts, call))),
    handle(learnCadProfile, (call) => parts.trials.inLine(() => learnProfile(parts, call))),
  ];
}

/** What is tried: the selection, and its name where it is a kept version. */
interface Tried {
  readonly selection: Selection;
  readonly name?: Active;
}

async function tryProfile(parts: Parts, call: Call<Try>): Promise<Reply<Try>> {
  const { tables, body, caller } = call;
  const source = sourceRow.parse((await findSource(tables, body.sourceId)).value);
  const active = await selected(tables, body.sourceId, source);
  const tried = await triedOf(call, active);
  const { mails, unread } = await readBothWays(parts, call, { active, tried: tried.selection });
  const summary = {
    active: countsOf(mails.map((mail) => mail.active)),
    tried: countsOf(mails.map((mail) => mail.tried)),
  };
  const worse = isWorse(summary.tried, summary.active);
  const values = permits(caller, 'cad-messages:read');
  const { profile, profileVersion: version } = source;
  const reply = {
    sourceId: body.sourceId,
    against: { ...(profile && { profile }), ...(version && { version }) },
    mails: mails.length,
    unread,
    summary,
    worse,
    ...shownMails(mails, { values, text: body.text }),
  };
  return commitTrial(call, { tried, against: { profile, profileVersion: version }, reply });
}

function commitTrial(
  call: Call<Try>,
  about: { readonly tried: Tried; readonly against: Active; readonly reply: OutputOf<Try> },
): Promise<Reply<Try>> {
  const { tables, body, now } = call;
  const { tried, against, reply } = about;
  const { mails, summary, worse } = reply;
  const trial = { at: now.toISOString(), mails, against, ...summary, worse };
  const { name } = tried;
  const facts = { ...name, mails, worse, textsShown: body.text };
  return retryOnRace(async () => ({
    ...(await call.commit({
      changes:
        name === undefined
          ? []
          : [await trialChange(tables, { sourceId: body.sourceId, tried: name, trial })],
      events: [
        call.event({
          object: { type: 'cad-source', id: body.sourceId },
          changes: changesBetween({}, facts),
        }),
      ],
      reply: { body: reply },
    })),
  }));
}

async function triedOf({ tables, body }: Call<Try>, active: Selection): Promise<Tried> {
  const { profile, profileId, version } = body;
  const codes = { ...(active.tables && { tables: active.tables }) };
  if (profile !== undefined) {
    return { selection: { ...codes, profile: { ...profile, version: profile.version ?? 1 } } };
  }
  if (profileId == null) return { selection: codes, name: {} };
  const found: CadProfile = await findProfile(tables, { id: profileId, version });
  return { selection: { ...codes, profile: found.profile }, name: activeOf(found) };
}

async function readBothWays(
  { trials, blobs }: Parts,
  call: Call<Try>,
  by: { readonly active: Selection; readonly tried: Selection },
): Promise<{ readonly mails: readonly TwoReadings[]; readonly unread: number }> {
  const endsAt = performance.now() + TRIAL_MS_MAX;
  const mails: TwoReadings[] = [];
  let unread = 0;
  for (const { id, value } of await newestMails(call)) {
    const inTime = performance.now() < endsAt;
    const raw = inTime ? await rawOf(blobs, call.caller.tenant, value.sha256) : undefined;
    const { from, receivedAt, sourceId } = value;
    const answer = raw && (await trials.compare({ raw, from, receivedAt, sourceId, ...by }));
    if (answer?.kind !== 'compared') {
      unread += 1;
      continue;
    }
    const { kind: _, active, tried, ...shown } = answer;
    // Of a mail with several calls the first.
    mails.push({ messageId: id, receivedAt, ...shown, active: active[0], tried: tried[0] });
  }
  return { mails, unread };
}

const UNTRUSTED: ReadonlySet<string> = new Set(['quarantined', 'rejected']);

/** Trusted mails of the source: what a stranger sent says nothing of the centre's format. */
async function newestMails({ tables, body }: Call<Try>): Promise<readonly StoredMessage[]> {
  const prefix = indexPrefixOf({ sourceId: body.sourceId }) ?? '';
  const rows = await tables.list({
    kind: INDEX_KIND,
    prefix,
    descending: true,
    limit: LOOKED_AT_MAX,
  });
  const found: StoredMessage[] = [];
  for (const row of rows) {
    if (found.length === body.mails) break;
    const message = await getMessage(tables, row.id.slice(prefix.length));
    const status = message?.value.status ?? 'rejected';
    if (message !== undefined && !UNTRUSTED.has(status)) found.push(message);
  }
  return found;
}

async function learnProfile(parts: Parts, call: Call<Learn>): Promise<Reply<Learn>> {
  const { body } = call;
  const samples: LearnJob['samples'][number][] = [];
  for (const [at, each] of body.samples.entries()) {
    samples.push({ source: await sourceOfSample(parts, call, at), fields: each.fields });
  }
  const learned = await parts.trials.learn({ id: body.id, samples });
  if (learned === undefined) {
    throw new Problem('conflict', {
      detail:
        'Nothing was learned from these samples in time, or one of them cannot be read. Send shorter or other ones.',
    });
  }
  const places = Object.entries(learned.profile.learned?.fields ?? {});
  const trust = Object.fromEntries(places.map(([key, place]) => [key, place.trust]));
  const preview = learned.preview.map(({ draft, missed }) => ({ draft, missed: [...missed] }));
  const facts = { samples: samples.length, fields: places.map(([key]) => key) };
  return retryOnRace(() =>
    call.commit({
      changes: [],
      events: [
        call.event({
          object: { type: 'cad-profile', id: body.id },
          changes: changesBetween({}, facts),
        }),
      ],
      reply: { body: { profile: learned.profile, trust, preview } },
    }),
  );
}

/** A kept mail shows what it says in the preview, so that its sender needs the right to read it. */
async function sourceOfSample(
  { blobs }: Parts,
  call: Call<Learn>,
  at: number,
): Promise<LearnJob['samples'][number]['source']> {
  const { messageId, subject, body = '' } = call.body.samples[at] ?? {};
  if (messageId === undefined) {
    return { kind: 'page', page: { body, ...(subject === undefined ? {} : { subject }) } };
  }
  if (!permits(call.caller, 'cad-messages:read')) {
    throw new Problem('forbidden', {
      detail: 'Learning from kept mails needs the permission cad-messages:read.',
    });
  }
  const { value } = await findMessage(call.tables, messageId);
  const raw = await rawOf(blobs, call.caller.tenant, value.sha256);
  if (raw !== undefined) return { kind: 'mail', raw };
  throw new Problem('not-found', {
    detail: `The raw mail of #/body/samples/${at} is not kept any more.`,
  });
}
