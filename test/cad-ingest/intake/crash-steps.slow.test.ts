import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '#test/support/api.ts';
import { startProcess } from '#test/support/processes.ts';
import { department, expectOnceEach, openDesk } from './desk.ts';
import { type Step, steps } from './desk-process.ts';
import { dispatchMail } from './mails.ts';
import { openSender } from './sender.ts';

const entry = new URL('./desk-process.ts', import.meta.url).pathname;

/** Steps after which a row stands: the mail is an incident without being sent again. */
const kept: readonly Step[] = ['row-written', 'queued', 'proposed', 'row-finished'];

const twoCalls = [1, 2]
  .map((call) => `CALL: CHIMNEY FIRE\r\nADDR: ${call} Oak Ct\r\nID: 42-${call}\r\n`)
  .join('\r\n');

test.each(['proposed', 'both-proposed'] as const)(
  'kill -9 at %s of a mail with two calls: both are incidents, exactly once',
  async (step) => {
    await using desk = await openDesk();
    const own = department(desk);
    const { address } = await own.source();
    await desk.stop();
    const raw = dispatchMail({ body: twoCalls });
    await using child = await startProcess(entry, { DATA_DIR: desk.test.dataDir, DIE_AT: step });
    const { smtpPort } = child.ready;
    await using sender = openSender(smtpPort);
    await sender.send(raw, address);
    await until(
      'the end of the process',
      () => isOpen(smtpPort),
      (open) => !open,
    );
    await desk.start();
    const message = await own.messageOnce('processed');
    const incidents = await own.incidentsOnce(2);
    expect(incidents.map(({ number, version }) => [number, version]).toSorted()).toEqual([
      ['42-1', 1],
      ['42-2', 1],
    ]);
    expect(message.pages?.map(({ incidentId }) => incidentId).toSorted()).toEqual(
      incidents.map(({ id }) => id).toSorted(),
    );
  },
  60_000,
);

test.each(steps.filter((step) => step !== 'both-proposed'))(
  'kill -9 at %s: the mail is an incident, exactly once',
  async (step) => {
    await using desk = await openDesk();
    const own = department(desk);
    const { address } = await own.source();
    await desk.stop();
    const raw = dispatchMail();
    await using child = await startProcess(entry, { DATA_DIR: desk.test.dataDir, DIE_AT: step });
    const { smtpPort } = child.ready;
    await using sender = openSender(smtpPort);
    const { response } = await sender.send(raw, address);
    // Nothing is acknowledged before the queue has it.
    if (step === 'blob-put' || step === 'row-written') expect(response).not.toMatch(/^250/);
    await until(
      'the end of the process',
      () => isOpen(smtpPort),
      (open) => !open,
    );

    await desk.start();
    if (kept.includes(step)) await own.incidentsOnce(1);
    else expect(await own.messages()).toEqual([]);
    expect((await desk.send(raw, address)).response).toMatch(/^250 /);
    await expectOnceEach(own, [raw]);
  },
  60_000,
);

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.on('connect', () => answer(true)).on('error', () => answer(false));
  });
}
