import { randomUUIDv7 } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { readCadMessage, replayCadMessage } from '#contracts/cad-messages.ts';
import { Problem } from '#shared/problem.ts';
import { until } from '#test/support/api.ts';
import { type Desk, type DeskSettings, department, openDesk, type Proposal } from './desk.ts';
import { dispatchMail } from './mails.ts';

let desk: Desk;
afterEach(() => desk[Symbol.asyncDispose]());

/** A department with one source, on a desk with faults. */
async function open(settings: DeskSettings) {
  desk = await openDesk(settings);
  const own = department(desk);
  const { address } = await own.source();
  return { own, address };
}

/** Waits, and moves the clock so that whatever is due later is due now. */
async function tried(own: ReturnType<typeof department>, tries: number, afterMs: number) {
  await until(
    'the try',
    () => own.messages(),
    ([newest]) => (newest?.tries ?? 0) >= tries,
  );
  desk.test.advance(afterMs);
}

const created = () => ({
  incidentId: randomUUIDv7(),
  outcome: 'created' as const,
  needsReview: false,
});

describe('core-records in trouble', () => {
  test('an outage delays a mail, and costs it nothing', async () => {
    let isUp = false;
    let asked = 0;
    const { own, address } = await open({
      propose() {
        asked += 1;
        if (!isUp) throw new Problem('unavailable');
        return created();
      },
    });
    await desk.send(dispatchMail(), address);
    for (const afterMs of [1_000, 5_000, 20_000]) {
      const before = asked;
      await until(
        'the try',
        async () => asked,
        (count) => count > before || count === 4,
      );
      desk.test.advance(afterMs);
    }
    await until(
      'the last delivery',
      () => desk.queue.depth(),
      ({ waiting, leased }) => !waiting && !leased,
    );
    expect(await own.messages()).toMatchObject([{ status: 'received', tries: 0 }]);
    expect((await desk.queue.depth()).dead).toBe(0);
    isUp = true;
    // What the queue no longer holds, the sweep finds; at a start at once.
    await desk.stop();
    desk.test.advance(10_000);
    await desk.start();
    expect(await own.messageOnce('processed')).toMatchObject({ tries: 1, outcome: 'created' });
  });

  test('a mail that it cannot take is proposed unread, and ends failed when that fails too', async () => {
    const proposals: Proposal[] = [];
    let isMended = false;
    const { own, address } = await open({
      propose(proposal) {
        proposals.push(proposal);
        if (!isMended) throw new Problem('conflict');
        return created();
      },
    });
    await desk.send(dispatchMail(), address);
    await tried(own, 1, 1_000);
    await tried(own, 2, 5_000);
    await tried(own, 3, 20_000);
    await tried(own, 4, 10_000);
    await desk.stop();
    await desk.start();
    const failed = await own.messageOnce('failed');
    expect(failed).toMatchObject({ tries: 5, reason: 'the last of 5 tries ended: conflict' });
    expect(proposals.map(({ draft }) => draft.profile === 'none')).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(new Set(proposals.map(({ workId }) => workId)).size).toBe(1);
    const actions = () => desk.events.filter(({ object }) => object.id === failed.id);
    await until(
      'the event',
      async () => actions(),
      (all) => all.length === 2,
    );
    expect(actions()[1]).toMatchObject({
      action: 'cad-ingest.message.failed',
      outcome: 'failure',
      reason: failed.reason,
    });

    isMended = true;
    const params = { id: failed.id };
    const options = { ifMatch: failed.version };
    const replayed = await desk.client.call(replayCadMessage, { params }, own.admin, options);
    expect(replayed.body).toMatchObject({ status: 'received', tries: 0 });
    expect(replayed.body.reason).toBeUndefined();
    const { body } = await until(
      'the replay',
      () => desk.client.call(readCadMessage, { params }, own.admin),
      (answer) => answer.body.status === 'processed',
    );
    expect(body).toMatchObject({ tries: 1, outcome: 'created' });
    expect(proposals.at(-1)?.draft.profile).not.toBe('none');
  });

  test('a mail that fails holds up no other', async () => {
    const { own, address } = await open({
      propose({ draft }) {
        if (draft.fields.number === '31-POISON') throw new Error('a bug that this mail meets');
        return created();
      },
    });
    const body = 'CALL: CHIMNEY FIRE\r\nADDR: 12 Mill Rd\r\nID: 31-POISON\r\n';
    await desk.send(dispatchMail({ body }), address);
    for (let count = 0; count < 3; count += 1) {
      await desk.send(dispatchMail(), address);
    }
    await until(
      'the good',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 3,
    );
  });
});

describe('our own stores in trouble', () => {
  test('the raw bytes cannot be kept: 451, nothing is left, and the next try goes through', async () => {
    let isFull = true;
    const { own, address } = await open({
      faulty: ({ blobs, queue }) => ({
        queue,
        blobs: {
          ...blobs,
          put: async (key, bytes) => {
            if (isFull) throw new Error('no space left');
            return blobs.put(key, bytes);
          },
        },
      }),
    });
    const raw = dispatchMail();
    const { response } = await desk.send(raw, address);
    expect(response).toBe('451 4.3.0 Trouble on our side, please try again');
    expect(await own.messages()).toEqual([]);
    isFull = false;
    expect((await desk.send(raw, address)).response).toMatch(/^250 /);
    await own.incidentsOnce(1);
  });

  test('the queue cannot be told: 451, and the mail that is kept is made up for by the sweep', async () => {
    let isDown = true;
    const { own, address } = await open({
      faulty: ({ blobs, queue }) => ({
        blobs,
        queue: {
          ...queue,
          send: async (body) => {
            if (isDown) throw new Problem('unavailable');
            return queue.send(body);
          },
        },
      }),
    });
    const raw = dispatchMail();
    expect((await desk.send(raw, address)).response).toMatch(/^451 /);
    // The sender tries again: the row is there, so it is told so.
    expect((await desk.send(raw, address)).response).toMatch(/^250 /);
    expect(await own.messages()).toMatchObject([{ status: 'received' }]);
    isDown = false;
    await desk.stop();
    desk.test.advance(3_000);
    await desk.start();
    await own.incidentsOnce(1);
    expect(await own.messages()).toHaveLength(1);
  });

  test('the raw bytes are gone or altered: the call is not, it goes to review', async () => {
    const { own, address } = await open({
      faulty: ({ blobs, queue }) => ({ queue, blobs: { ...blobs, get: async () => undefined } }),
    });
    await desk.send(dispatchMail(), address);
    const message = await own.messageOnce('processed');
    expect(message).toMatchObject({ reason: 'raw-mail-missing', draft: { kind: 'other' } });
    const [incident] = await own.incidentsOnce(1);
    expect(incident).toMatchObject({ needsReview: true });
  });
});

test('the ledger has been behind for a minute: 451, until it has caught up', async () => {
  let isUp = true;
  const { own, address } = await open({ ledgerIsUp: () => isUp });
  await until(
    'the source’s event',
    async () => desk.events.length,
    (count) => count === 1,
  );
  isUp = false;
  await desk.send(dispatchMail(), address);
  await own.messageOnce('processed');
  desk.test.advance(61_000);
  const raw = dispatchMail();
  const answer = () => desk.send(raw, address);
  expect((await answer()).response).toMatch(/^451 4\.3\.0 /);
  expect(await own.messages()).toHaveLength(1);
  isUp = true;
  await until('room', answer, ({ response }) => response.startsWith('250 '));
  await own.incidentsOnce(2);
});
