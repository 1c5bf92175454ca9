/** What becomes of later pages, by the policy of their source. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CadFields } from '#contracts/cad-fields.ts';
import type { UpdatePolicy } from '#contracts/cad-update-policy.ts';
import { incidentProvenance } from '#contracts/records/incident.ts';
import { openProposals, page, supervisor } from '#test/support/propose.ts';

const { number: _number, ...numberless } = page;
const METRES = 1 / 111_195;
const here = { lat: 41, lon: -88 };
const north = (metres: number) => ({ lat: here.lat + metres * METRES, lon: here.lon });

/** Two pages, that many minutes apart: whether they became one incident. */
async function isOne(about: {
  readonly match: UpdatePolicy['match'];
  readonly pages: readonly [CadFields, CadFields];
  readonly minutes?: number;
}): Promise<boolean> {
  const { match, pages, minutes = 5 } = about;
  await using proposals = await openProposals();
  const updates = { action: 'update', match } as const;
  const ids = new Set<string>();
  for (const [index, fields] of pages.entries()) {
    const receivedAt = proposals.minutesAgo(minutes * (1 - index));
    ids.add((await proposals.mail({ fields }, { updates, receivedAt })).incidentId);
  }
  return ids.size === 1;
}

describe('two pages are one incident', () => {
  const moved = { ...page, address: '14 MILL RD' };
  const other = { ...page, number: '31-000124' };
  const renamed = { ...page, nature: 'STRUCTURE FIRE' };
  const points = (metres: number): [CadFields, CadFields] => [
    { ...numberless, coordinates: here },
    { ...numberless, address: 'NEAR THE OLD MILL', coordinates: north(metres) },
  ];
  test.each<[boolean, string, Parameters<typeof isOne>[0]]>([
    [true, 'by number, elsewhere', { match: 'number', pages: [page, moved] }],
    [true, 'by number, 23 hours apart', { match: 'number', pages: [page, page], minutes: 1_380 }],
    [false, 'by number, 25 hours apart', { match: 'number', pages: [page, page], minutes: 1_500 }],
    [false, 'by number, without one', { match: 'number', pages: [numberless, numberless] }],
    [true, 'by location, whatever the number', { match: 'location', pages: [page, other] }],
    [false, 'by location, elsewhere', { match: 'location', pages: [page, moved] }],
    [true, '9 minutes apart', { match: 'location', pages: [page, page], minutes: 9 }],
    [false, '11 minutes apart', { match: 'location', pages: [page, page], minutes: 11 }],
    [
      true,
      'by location, in a town that one of them names',
      { match: 'location', pages: [page, { ...page, city: 'FAIRVALE' }] },
    ],
    [
      false,
      'by location, in two towns',
      {
        match: 'location',
        pages: [
          { ...page, city: 'DALE' },
          { ...page, city: 'FAIRVALE' },
        ],
      },
    ],
    [true, 'by coordinates 79 m apart', { match: 'location', pages: points(79) }],
    [false, 'by coordinates 82 m apart', { match: 'location', pages: points(82) }],
    [true, 'by location and nature', { match: 'locationAndNature', pages: [page, other] }],
    [
      false,
      'by location and nature, of another nature',
      { match: 'locationAndNature', pages: [page, renamed] },
    ],
    [
      false,
      'by location and nature, without one',
      {
        match: 'locationAndNature',
        pages: [{ address: page.address }, { address: page.address }],
      },
    ],
    [false, 'by number where both have one', { match: 'numberElseLocation', pages: [page, other] }],
    [
      true,
      'by location where one has none',
      { match: 'numberElseLocation', pages: [page, numberless] },
    ],
  ])('%s: %s', async (expected, _, about) => {
    expect(await isOne(about)).toBe(expected);
  });
});

describe('a source that discards', () => {
  const updates = { action: 'discard', match: 'numberElseLocation' } as const;

  test('lets the first page count, whichever came first; each later one is an event', async () => {
    await using proposals = await openProposals();
    const late = { ...page, nature: 'STRUCTURE FIRE', units: ['T91'] };
    const receivedAt = proposals.minutesAgo(5);
    const second = await proposals.mail({ fields: late }, { updates });
    const first = await proposals.mail({ fields: page }, { updates, receivedAt });
    expect(first).toMatchObject({ outcome: 'updated', incidentId: second.incidentId });
    const third = await proposals.mail({ fields: late }, { updates });
    expect(third).toEqual({ ...first, outcome: 'discarded' });
    const made = await proposals.read(first.incidentId);
    expect(made).toMatchObject({ ...page, version: 2 });
    expect(made).not.toHaveProperty('units');
    expect(made.messageIds).toHaveLength(1);
    const events = await proposals.events();
    expect(events.map(({ action }) => action)).toEqual([
      'core-records.incident.proposed',
      'core-records.incident.proposed',
      'core-records.incident.page-discarded',
    ]);
  });

  test('still takes the times', async () => {
    await using proposals = await openProposals();
    const { incidentId } = await proposals.mail({}, { updates });
    const unitTimes = [{ unit: 'E91', onScene: '04:12' }];
    const fields = { number: page.number, unitTimes };
    const times = await proposals.mail({ kind: 'times', fields }, { updates });
    expect(times).toMatchObject({ outcome: 'updated', incidentId });
    expect(await proposals.read(incidentId)).toMatchObject({ unitTimes, units: ['E91'] });
  });
});

describe('a source that passes everything through', () => {
  const updates = { action: 'passthrough', match: 'number' } as const;

  test('has an incident for each page, without review, and the times in one of them', async () => {
    await using proposals = await openProposals();
    const times = { number: page.number, unitTimes: [{ unit: 'E91', onScene: '04:12' }] };
    const early = await proposals.mail({ kind: 'times', fields: times }, { updates });
    const first = await proposals.mail({}, { updates });
    const second = await proposals.mail({ kind: 'update' }, { updates });
    expect(first.incidentId).toBe(early.incidentId);
    expect(second).toMatchObject({ outcome: 'created', needsReview: false });
    const all = await proposals.list();
    expect(all.map(({ needsReview }) => needsReview)).toEqual([false, false]);
    expect(all.filter(({ unitTimes }) => unitTimes !== undefined)).toHaveLength(1);
  });
});

describe('what a page says of itself', () => {
  test('a cancellation is told and changes nothing else; the incident stays open', async () => {
    await using proposals = await openProposals();
    const { incidentId } = await proposals.mail({}, { receivedAt: proposals.minutesAgo(3) });
    const fields = { ...page, nature: 'FALSE ALARM', narrative: 'per homeowner' };
    const receivedAt = proposals.minutesAgo(1);
    await proposals.mail({ kind: 'update', cancels: true, fields }, { receivedAt });
    expect(await proposals.read(incidentId)).toMatchObject({
      nature: page.nature,
      narrative: 'per homeowner',
      status: 'open',
      cancelledAt: receivedAt,
    });
  });

  test('a page that overtook an older one counts by the clock of the centre', async () => {
    await using proposals = await openProposals();
    const day = { date: '2031-01-02' };
    const older = { ...page, ...day, time: '04:05:06', nature: 'ALARM', priority: '3' };
    const newer = { ...page, ...day, time: '04:09:00', nature: 'STRUCTURE FIRE' };
    const first = await proposals.mail(
      { fields: newer },
      { receivedAt: '2031-01-02T10:09:30.000Z' },
    );
    await proposals.mail({ fields: older }, { receivedAt: '2031-01-02T10:20:00.000Z' });
    expect(await proposals.read(first.incidentId)).toMatchObject({
      nature: 'STRUCTURE FIRE',
      priority: '3',
      time: '04:05:06',
    });
  });

  test('times without a number find the call at their place, also before its page came', async () => {
    await using proposals = await openProposals();
    const times = { ...numberless, unitTimes: [{ unit: 'E91', onScene: '04:12' }] };
    const early = await proposals.mail({ kind: 'times', fields: times });
    expect(early).toMatchObject({ outcome: 'created', needsReview: true });
    const paged = await proposals.mail(
      { fields: numberless },
      { receivedAt: proposals.minutesAgo(90) },
    );
    expect(paged).toEqual({ ...early, outcome: 'updated', needsReview: false });
    const late = { ...numberless, unitTimes: [{ unit: 'T91', onScene: '04:15' }] };
    const third = await proposals.mail({ kind: 'times', fields: late });
    expect(third).toMatchObject({ outcome: 'updated', incidentId: early.incidentId });
  });

  test('pages at one place side by side, in two processes, are one incident', async () => {
    await using proposals = await openProposals({ processes: 2 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        proposals.mail({
          fields: { ...numberless, coordinates: north(index), units: [`E${index}`] },
        }),
      ),
    );
    expect(new Set(answers.map(({ incidentId }) => incidentId)).size).toBe(1);
    const [made] = await proposals.list();
    expect(made?.units).toHaveLength(12);
  });

  test('a policy of one source is nothing to another', async () => {
    await using proposals = await openProposals();
    const updates = { action: 'passthrough', match: 'number' } as const;
    await proposals.mail({}, { updates, sourceId: randomUUIDv7() });
    await proposals.mail();
    const third = await proposals.mail();
    expect(third.outcome).toBe('updated');
  });
});

test('each field says which mail or person it comes from, and how surely it was read', async () => {
  await using proposals = await openProposals();
  const sure = { nature: 0.97, address: 0.9 };
  const first = await proposals.mail(
    { fields: page, fieldConfidence: sure, profileVersion: 3 },
    { receivedAt: proposals.minutesAgo(3) },
  );
  await proposals.mail({ fields: { ...page, nature: 'STRUCTURE FIRE', units: ['E91'] } });
  await proposals.patch(first.incidentId, { city: 'FAIRVALE' });
  const { messageIds } = await proposals.read(first.incidentId);
  const { body } = await proposals.client.call(
    incidentProvenance,
    { params: { id: first.incidentId } },
    supervisor,
  );
  expect(body.mails.map(({ messageId, counts }) => [messageId, counts])).toEqual(
    messageIds.map((id) => [id, true]),
  );
  const [earlier, later] = messageIds;
  expect(body.fields).toEqual({
    address: {
      by: 'mail',
      messageId: earlier,
      profile: 'generic',
      profileVersion: 3,
      confidence: 0.9,
    },
    number: {
      by: 'mail',
      messageId: earlier,
      profile: 'generic',
      profileVersion: 3,
      confidence: 0.9,
    },
    nature: { by: 'mail', messageId: later, profile: 'generic', confidence: 0.9 },
    units: { by: 'mail', messageId: later, profile: 'generic', confidence: 0.9 },
    city: { by: 'person', version: 3 },
  });
});
