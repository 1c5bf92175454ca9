import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openDaily } from '#services/ledger/checkpoints/daily.ts';
import { openSecondPlace } from '#services/ledger/checkpoints/second-place.ts';
import { openLogs } from '#services/ledger/log/logs.ts';
import { ensureOpaqueId } from '#services/ledger/log/store.ts';
import { openTestHost } from '#test/support/host.ts';
import { eventsOf } from './fixture.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

async function openDays() {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  const { blobs: checkpoints } = await test.host.blobs('checkpoints');
  const parts = { ...(await test.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  const logs = opened.use(openLogs(parts));
  const tenant = randomUUIDv7();
  const id = await ensureOpaqueId(parts.tables, tenant, randomBytes(16).toString('hex'));
  const secondPlace = openSecondPlace(checkpoints, id);
  const stack = opened.move();
  return {
    parts,
    logs,
    tenant,
    append: (count: number) => logs.use(tenant, (log) => log.append(eventsOf(tenant, count))),
    newest: () => logs.use(tenant, (log) => log.checkpoint(0)),
    nextDay: () => test.advance(DAY_MS),
    today: () => secondPlace.noteOfDay(new Date(test.clock()).toISOString().slice(0, 10)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe('the checkpoint of the day', () => {
  test('is signed for a head that was not, and published once', async () => {
    await using days = await openDays();
    await using daily = openDaily(days.parts, days.logs, { isRunning: false });
    await days.append(3);
    await daily.round();
    const note = await days.today();
    expect(note).toContain('\n3\n');
    await days.append(1);
    await daily.round();
    expect(await days.today()).toBe(note);
  });

  test('comes also when nothing has happened, without opening the log', async () => {
    await using days = await openDays();
    await using daily = openDaily(days.parts, days.logs, { isRunning: false });
    await days.append(2);
    await daily.round();
    const first = await days.today();
    days.nextDay();
    expect(await days.today()).toBeUndefined();
    const closed = { use: () => Promise.reject(new Error('the log was opened')) };
    await using another = openDaily(days.parts, closed, { isRunning: false });
    await another.round();
    expect(await days.today()).toBe(first);
    expect(first).toBe((await days.newest())?.note);
  });

  test('is tried again by the next round when it could not be signed', async () => {
    await using days = await openDays();
    await days.append(1);
    let failures = 1;
    const flaky: typeof days.logs.use = (tenant, work) => {
      failures -= 1;
      return failures < 0 ? days.logs.use(tenant, work) : Promise.reject(new Error('just now not'));
    };
    await using daily = openDaily(days.parts, { use: flaky }, { isRunning: false });
    await daily.round();
    expect(await days.today()).toBeUndefined();
    await daily.round();
    expect(await days.today()).toContain('\n1\n');
  });

  test('of a log without entries is none', async () => {
    await using days = await openDays();
    await using daily = openDaily(days.parts, days.logs, { isRunning: false });
    await daily.round();
    expect(await days.today()).toBeUndefined();
  });

  test('comes by itself, and stops when it is told to', async () => {
    await using days = await openDays();
    await days.append(1);
    const daily = openDaily(days.parts, days.logs, { isRunning: true });
    await expect.poll(() => days.today()).toContain('\n1\n');
    await daily[Symbol.asyncDispose]();
  });
});
