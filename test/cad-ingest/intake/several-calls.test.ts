/** Mails that hold more than one call, from SMTP to the incidents. */
import { expect, test } from 'vitest';
import { readCadMessage } from '#contracts/cad-messages.ts';
import { department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

function calls(...about: readonly (readonly [number: string, address: string])[]): string {
  const pages = about.map(
    ([number, address]) =>
      `Incident Number: ${number}\r\nCall Type: CHEST PAIN\r\nAddress: ${address}\r\nCity: FAIRVALE\r\n`,
  );
  return dispatchMail({ body: pages.join('\r\n') });
}

const three = calls(['31-42', '12 MILL RD'], ['31-43', '200 QUARRY LN'], ['31-44', '9 ELM ST']);

test('each call becomes its own incident, and the message shows them all', async () => {
  await using desk = await openDesk();
  const own = department(desk);
  const { address } = await own.source();
  await desk.send(three, address);
  const message = await own.messageOnce('processed');
  const incidents = await own.incidentsOnce(3);
  expect(incidents.map(({ number }) => number).toSorted()).toEqual(['31-42', '31-43', '31-44']);
  expect(incidents.every(({ messageIds }) => messageIds[0] === message.id)).toBe(true);
  expect(message.pages?.map(({ draft }) => draft.fields.number)).toEqual([
    '31-42',
    '31-43',
    '31-44',
  ]);
  expect(message.pages?.map(({ incidentId }) => incidentId).toSorted()).toEqual(
    incidents.map(({ id }) => id).toSorted(),
  );
  expect(message).toMatchObject({ outcome: 'created', incidentId: message.pages?.[0]?.incidentId });
  const { body } = await desk.client.call(
    readCadMessage,
    { params: { id: message.id } },
    own.admin,
  );
  expect(body).toEqual(message);
});

test('stacked pages of one call are one incident, and the message shows no list', async () => {
  await using desk = await openDesk();
  const own = department(desk);
  const { address } = await own.source();
  await desk.send(calls(['31-42', '12 MILL RD'], ['31-42', '12 MILL RD']), address);
  const message = await own.messageOnce('processed');
  expect(message.pages).toBeUndefined();
  const [incident] = await own.incidentsOnce(1);
  expect(incident).toMatchObject({ id: message.incidentId, version: 1 });
});
