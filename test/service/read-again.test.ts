/** A mail that is read again: its later reading takes the earlier one's place in its incident. */
import { expect, test } from 'vitest';
import { proposal } from '#test/support/proposals.ts';
import { minutesAgo, openProposals, page } from '#test/support/propose.ts';

const first = () => proposal({ draft: { fields: page }, receivedAt: minutesAgo(30) });
const again = (body: ReturnType<typeof first>, reading: number, fields: object) => ({
  ...body,
  reading,
  draft: {
    ...body.draft,
    profile: 'county',
    profileVersion: reading,
    fields: { ...page, ...fields },
  },
});

test('the incident says what the later reading says, whatever was read before', async () => {
  await using proposals = await openProposals();
  const body = proposal({
    draft: { fields: { ...page, apartment: '4', units: ['E7'] } },
    receivedAt: minutesAgo(30),
  });
  const { incidentId } = await proposals.send(body);
  const answer = await proposals.send(again(body, 2, { nature: 'BARN FIRE', units: ['E91'] }));
  expect(answer).toMatchObject({ incidentId, outcome: 'updated' });
  const incident = await proposals.read(incidentId);
  expect(incident).toMatchObject({
    version: 2,
    nature: 'BARN FIRE',
    units: ['E91'],
    source: { profile: 'county', profileVersion: 2 },
    messageIds: [body.message.id],
  });
  expect(incident).not.toHaveProperty('apartment');
});

test('the same reading again, or an earlier one, gives an answer and changes nothing', async () => {
  await using proposals = await openProposals();
  const body = first();
  const { incidentId } = await proposals.send(body);
  await proposals.send(again(body, 2, { nature: 'BARN FIRE' }));
  for (const late of [again(body, 2, { nature: 'OTHER' }), body]) {
    expect(await proposals.send(late)).toMatchObject({ incidentId, outcome: 'repeated' });
  }
  expect(await proposals.read(incidentId)).toMatchObject({ version: 2, nature: 'BARN FIRE' });
});

test('other mails of the incident and people’s words stay in their order', async () => {
  await using proposals = await openProposals();
  const body = first();
  const { incidentId } = await proposals.send(body);
  const later = proposal({
    draft: { fields: { ...page, priority: '1' } },
    receivedAt: minutesAgo(20),
  });
  await proposals.send(later);
  await proposals.patch(incidentId, { nature: 'GAS LEAK' });
  await proposals.send(again(body, 2, { nature: 'BARN FIRE', priority: '3' }));
  expect(await proposals.read(incidentId)).toMatchObject({ nature: 'GAS LEAK', priority: '1' });
});

test('a voided incident takes no reading', async () => {
  await using proposals = await openProposals();
  const body = first();
  const { incidentId } = await proposals.send(body);
  await proposals.voids(incidentId);
  const answer = await proposals.send(again(body, 2, { nature: 'BARN FIRE' }));
  expect(answer).toMatchObject({ incidentId, outcome: 'repeated' });
  expect(await proposals.read(incidentId)).toMatchObject({ status: 'voided', version: 2 });
});
