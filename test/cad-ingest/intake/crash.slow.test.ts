import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startProcess } from '#test/support/processes.ts';
import { department, expectOnceEach, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';
import { openSender } from './sender.ts';

const entry = new URL('./desk-process.ts', import.meta.url).pathname;

/** Milliseconds from the 250 to the kill: before, while and after the mail is worked on. */
const moments = [0, 5, 30];

test('kill -9 after the 250, at any moment: each mail is an incident, exactly once', async () => {
  await using desk = await openDesk();
  const own = department(desk);
  const { address } = await own.source();
  await desk.stop();
  const acknowledged: string[] = [];
  const unanswered: string[] = [];
  for (const moment of moments) {
    await using child = await startProcess(entry, { DATA_DIR: desk.test.dataDir });
    await using sender = openSender(child.ready.smtpPort);
    const raw = dispatchMail();
    expect((await sender.send(raw, address)).response).toMatch(/^250 /);
    acknowledged.push(raw);
    // One more that is under way when the end comes.
    const late = dispatchMail();
    const sending = sender.send(late, address);
    await sleep(moment);
    await child.stop('SIGKILL');
    const { response } = await sending;
    (response.startsWith('250 ') ? acknowledged : unanswered).push(late);
  }
  await desk.start();
  // A sender sends again what got no answer.
  for (const raw of unanswered) {
    expect((await desk.send(raw, address)).response).toMatch(/^250 /);
  }
  await expectOnceEach(own, [...acknowledged, ...unanswered]);
  for (const raw of acknowledged) await desk.send(raw, address);
  expect(await own.messages()).toHaveLength(acknowledged.length + unanswered.length);
}, 60_000);
