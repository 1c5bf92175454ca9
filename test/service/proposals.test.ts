/** Drafts of dispatch mails through the bus, from cad-ingest to incidents. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CadDraft } from '#contracts/cad-fields.ts';
import { createIncident, proposeIncident } from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openTestHost, person } from '#test/support/host.ts';
import { proposal } from '#test/support/proposals.ts';
import { job, minutesAgo, openProposals, page, supervisor, tenant } from '#test/support/propose.ts';

describe('a proposal', () => {
  test('makes an incident that says where it came from; service and event stand in the record', async () => {
    await using proposals = await openProposals();
    const body = proposal({ draft: { fields: { ...page, source: 'STATION 9' } } });
    const answer = await proposals.send(body);
    expect(answer).toMatchObject({ outcome: 'created', needsReview: false });
    const made = await proposals.read(answer.incidentId);
    const { id: messageId, sha256 } = body.message;
    expect(made).toMatchObject({
      ...page,
      agency: 'STATION 9',
      source: { type: 'cad', messageId, sha256, profile: 'generic', confidence: 0.9 },
      messageIds: [messageId],
    });
    expect(await proposals.history(made.id)).toMatchObject([
      {
        version: 1,
        action: 'core-records.incident.proposed',
        actor: { type: 'service', id: 'cad-ingest' },
      },
    ]);
    expect(await proposals.events()).toMatchObject([
      {
        action: 'core-records.incident.proposed',
        object: { type: 'incident', id: made.id, version: 1 },
        actor: { type: 'service', id: 'cad-ingest' },
      },
    ]);
  });

  test('done again gives the first answer and changes nothing, also after a restart', async () => {
    await using host = await openTestHost();
    const parts = await host.parts('core-records');
    const signer = openContextSigner(host.host.vault, 'cad-ingest', host.clock);
    const cadIngest = openClient(host.host.bus, signer);
    const body = proposal({ draft: { fields: page, unsure: ['address'] } });
    const answers = [];
    for (let count = 0; count < 3; count += 1) {
      await using _service = await openCoreRecords(parts);
      answers.push((await cadIngest.call(proposeIncident, { body }, job)).body);
    }
    const [first] = answers;
    expect(first).toMatchObject({ outcome: 'created', needsReview: true });
    const repeated = { ...first, outcome: 'repeated' };
    expect(answers.slice(1)).toEqual([repeated, repeated]);
    expect(await parts.tables.outbox({ after: 0, limit: 10 })).toHaveLength(1);
  });

  test('done by many side by side makes one incident and one event', async () => {
    await using proposals = await openProposals();
    // Two processes on one store, as they would be behind the same queue.
    await using _second = await openCoreRecords(proposals.parts);
    const body = proposal({ draft: { fields: page } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => proposals.send(body)));
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(19);
    expect(new Set(answers.map(({ incidentId }) => incidentId)).size).toBe(1);
    expect(await proposals.list()).toHaveLength(1);
    expect(await proposals.events()).toHaveLength(1);
  });

  test('20 pages of one call side by side are one incident that has them all', async () => {
    await using proposals = await openProposals();
    await using _second = await openCoreRecords(proposals.parts);
    const units = Array.from({ length: 20 }, (_, index) => `E${index}`);
    const answers = await Promise.all(
      units.map((unit) => proposals.mail({ fields: { ...page, units: [unit] } })),
    );
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    const [made, ...others] = await proposals.list();
    expect(others).toEqual([]);
    expect(made?.units?.toSorted()).toEqual(units.toSorted());
    expect(made?.messageIds).toHaveLength(20);
    const versions = Array.from({ length: 20 }, (_, index) => index + 1);
    const rows = await proposals.history(made?.id ?? '');
    expect(rows.map(({ version }) => version)).toEqual(versions);
    const events = await proposals.events();
    expect(events.map(({ object }) => object.version)).toEqual(versions);
  });

  test('pages and corrections side by side all survive', async () => {
    await using proposals = await openProposals();
    const { incidentId } = await proposals.mail();
    const steps = Array.from({ length: 8 }, (_, index) => index);
    await Promise.all([
      ...steps.map((step) => proposals.mail({ fields: { ...page, units: [`E${step}`] } })),
      ...steps.map((step) => proposals.patch(incidentId, { channel: `TAC ${step}` })),
    ]);
    const made = await proposals.read(incidentId);
    expect(made.version).toBe(17);
    expect(made.units).toHaveLength(8);
    expect(made.channel).toMatch(/^TAC \d$/);
    expect(await proposals.list()).toHaveLength(1);
  });

  test('is refused to a person, and to a service that is not cad-ingest', async () => {
    await using proposals = await openProposals();
    const body = proposal({});
    for (const caller of [supervisor, person({ tenant, roles: ['admin'] })]) {
      const refused = proposals.client.call(proposeIncident, { body }, caller);
      await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    }
    const signer = openContextSigner(proposals.host.vault, 'files', proposals.clock);
    const files = openClient(proposals.host.bus, signer);
    const refused = files.call(proposeIncident, { body }, jobCaller('files', { tenant }));
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    expect(await proposals.list()).toEqual([]);
  });
});

describe('which incident it becomes', () => {
  test('a second page with the number fills and changes the first one', async () => {
    await using proposals = await openProposals();
    const first = await proposals.mail({ fields: { ...page, units: ['E91'] } });
    const second = await proposals.mail({
      fields: { number: '#31-000123', nature: 'STRUCTURE FIRE', units: ['T91'], city: 'FAIRVALE' },
    });
    expect(second).toEqual({ ...first, outcome: 'updated' });
    expect(await proposals.read(first.incidentId)).toMatchObject({
      version: 2,
      nature: 'STRUCTURE FIRE',
      address: '12 MILL RD',
      city: 'FAIRVALE',
      units: ['E91', 'T91'],
      number: '31-000123',
    });
  });

  test('pages that come in another order than they were sent say the same in the end', async () => {
    await using proposals = await openProposals();
    const sent = [
      proposal({ draft: { fields: { ...page, narrative: 'smoke' } }, receivedAt: minutesAgo(9) }),
      proposal({
        draft: {
          kind: 'update',
          fields: { ...page, address: '14 MILL RD', narrative: 'smoke\nfire' },
        },
        receivedAt: minutesAgo(6),
      }),
      proposal({
        draft: {
          kind: 'times',
          fields: { number: page.number, unitTimes: [{ unit: 'E91', onScene: '04:12' }] },
        },
        receivedAt: minutesAgo(3),
      }),
    ];
    const ids = new Set<string>();
    for (const body of sent.toReversed()) ids.add((await proposals.send(body)).incidentId);
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    expect(await proposals.read(id)).toMatchObject({
      version: 3,
      needsReview: false,
      address: '14 MILL RD',
      narrative: 'smoke\nfire',
      unitTimes: [{ unit: 'E91', onScene: '04:12' }],
      messageIds: sent.map(({ message }) => message.id),
      source: { type: 'cad', messageId: sent[0]?.message.id },
    });
  });

  test('with another number, of another centre, or with no number elsewhere it is a new one', async () => {
    await using proposals = await openProposals();
    await proposals.mail();
    await proposals.mail({ fields: { ...page, number: '31-000124' } });
    await proposals.mail({}, { sourceId: randomUUIDv7() });
    await proposals.mail({ fields: { nature: page.nature, address: '14 MILL RD' } });
    await proposals.mail({ fields: { ...page, address: '16 MILL RD', number: 'N/A' } });
    await proposals.mail({ fields: { nature: page.nature, number: 'N/A' } });
    await proposals.mail({ fields: { nature: page.nature, number: 'N/A' } });
    expect(await proposals.list()).toHaveLength(7);
  });

  test('without a number it is the one at the same place within ten minutes', async () => {
    await using proposals = await openProposals();
    const { number: _, ...numberless } = page;
    const at = (minutes: number) => ({ receivedAt: minutesAgo(minutes) });
    const first = await proposals.mail({}, at(60));
    const spelled = { ...numberless, address: '12 Mill Road', units: ['T91'] };
    const second = await proposals.mail({ fields: spelled }, at(51));
    expect(second).toMatchObject({ outcome: 'updated', incidentId: first.incidentId });
    const third = await proposals.mail({ fields: { ...numberless, number: 'N/A' } }, at(40));
    expect(third.outcome).toBe('created');
  });

  test('a day later the number is another call', async () => {
    await using proposals = await openProposals();
    const first = await proposals.mail({}, { receivedAt: minutesAgo(25 * 60) });
    const second = await proposals.mail();
    expect(second.outcome).toBe('created');
    const third = await proposals.mail();
    expect(third).toMatchObject({ outcome: 'updated', incidentId: second.incidentId });
    expect((await proposals.read(first.incidentId)).version).toBe(1);
  });

  test('a voided or closed incident takes no pages; times come also to a closed one', async () => {
    await using proposals = await openProposals();
    const first = await proposals.mail();
    await proposals.voids(first.incidentId);
    const second = await proposals.mail();
    expect(second.outcome).toBe('created');
    await proposals.patch(second.incidentId, { status: 'closed' });
    const unitTimes = [{ unit: 'E91', enRoute: '04:07' }];
    const times = { kind: 'times', fields: { number: page.number, unitTimes } } as const;
    const third = await proposals.mail(times);
    expect(third).toMatchObject({ outcome: 'updated', incidentId: second.incidentId });
    expect(await proposals.read(second.incidentId)).toMatchObject({ status: 'closed', unitTimes });
    const fourth = await proposals.mail();
    expect(fourth.outcome).toBe('created');
    expect(await proposals.list()).toHaveLength(3);
  });

  test('one made by hand with the number takes the page; what the person said stands', async () => {
    await using proposals = await openProposals();
    const { incidentId } = await proposals.mail();
    await proposals.voids(incidentId);
    const made = await proposals.client.call(
      createIncident,
      { body: { number: page.number, address: '14 MILL RD' } },
      supervisor,
    );
    const answer = await proposals.mail();
    expect(answer).toEqual({ incidentId: made.body.id, outcome: 'updated', needsReview: true });
    expect(await proposals.read(made.body.id)).toMatchObject({
      source: { type: 'manual' },
      nature: 'CHIMNEY FIRE',
      address: '14 MILL RD',
      unsure: ['address'],
    });
  });

  test.each<[string, Partial<CadDraft>]>([
    ['a text that is no dispatch', { kind: 'other', fields: { narrative: 'call the desk' } }],
    [
      'a text of which nothing was read',
      { kind: 'other', profile: 'none', confidence: 0, fields: {} },
    ],
    ['an update of nothing', { kind: 'update' }],
    ['times of nothing', { kind: 'times', fields: { unitTimes: [{ enRoute: '04:05' }] } }],
    ['an unsure page', { unsure: ['nature'] }],
  ])('%s is an incident that needs review', async (_, draft) => {
    await using proposals = await openProposals();
    const answer = await proposals.mail(draft);
    expect(answer).toMatchObject({ outcome: 'created', needsReview: true });
    const reviewed = await proposals.patch(answer.incidentId, { needsReview: false });
    expect(reviewed).toMatchObject({ needsReview: false, unsure: [], version: 2 });
  });

  test('another department has nothing to do with it', async () => {
    await using proposals = await openProposals();
    const body = proposal({ draft: { fields: page } });
    const ours = await proposals.send(body);
    const theirs = await proposals.send(body, jobCaller('cad-ingest', { tenant: randomUUIDv7() }));
    expect(theirs).toMatchObject({ outcome: 'created' });
    expect(theirs.incidentId).not.toBe(ours.incidentId);
    await expect(proposals.read(theirs.incidentId)).rejects.toMatchObject({ code: 'not-found' });
  });
});
