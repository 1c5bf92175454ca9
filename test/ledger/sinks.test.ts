/** The loop of a sink on real stores, with a receiver that does what the test says. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { openLogs } from '#services/ledger/log/logs.ts';
import type { Delivery, Receiver } from '#services/ledger/sinks/delivery.ts';
import { CLAIM_MS, openPush, STUCK_MS } from '#services/ledger/sinks/push.ts';
import type { SinkSettings } from '#services/ledger/sinks/settings.ts';
import { until } from '#test/support/api.ts';
import { eventsOf, openFixture } from './fixture.ts';

const PACE = { pollMs: 10, retryMsMin: 5, retryMsMax: 20 };
const sink = { name: 'soc', format: 'jsonl', tenants: 'all' } as const;

/** A ledger with stores, and any number of processes that push from it. */
async function openLedgerStores() {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture());
  const common = await fixture.host.parts('ledger');
  const parts = { ...common, checkpoints: fixture.checkpoints, host: () => 'ledger.example' };
  const logs = opened.use(openLogs(parts));
  const stack = opened.move();
  let processes = 0;
  return {
    fixture,
    parts,
    tenant: fixture.tenant,
    append: (count: number) =>
      logs.use(fixture.tenant, (log) => log.append(eventsOf(fixture.tenant, count))),
    push(receiver: Receiver, about: Partial<Pick<SinkSettings, 'name' | 'tenants'>> = {}) {
      processes += 1;
      const holder = `process-${processes}`;
      return openPush({
        ...parts,
        logs,
        sink: { ...sink, ...about },
        receiver,
        holder,
        pace: PACE,
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Keeps the sequences that it takes; `plan` says what becomes of each delivery. */
function openDouble(
  plan: (delivery: Delivery, tries: number) => 'take' | 'lose' | 'refuse' | 'hang',
) {
  const taken: number[] = [];
  let tries = 0;
  const receiver: Receiver = {
    async send(delivery, signal) {
      tries += 1;
      const what = plan(delivery, tries);
      if (what === 'refuse') throw new Error('refused');
      const { first, count } = delivery.part;
      if (what !== 'hang') taken.push(...Array.from({ length: count }, (_, at) => first + at));
      if (what === 'lose') throw new Error('the answer was lost');
      if (what === 'hang') await once(signal, 'abort').then(() => Promise.reject(signal.reason));
    },
  };
  return { receiver, taken, tries: () => tries };
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);

describe('a sink', () => {
  test('gets every entry once and in order, also those that come while it is served', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(30);
    const double = openDouble(() => 'take');
    await using _push = ledger.push(double.receiver);
    await until(
      'the first',
      async () => double.taken.length,
      (count) => count >= 30,
    );
    await ledger.append(20);
    await until(
      'the rest',
      async () => double.taken.length,
      (count) => count >= 50,
    );
    expect(double.taken.slice(0, 50)).toEqual(upTo(50));
  });

  test('gets again what it may not have taken, and nothing out of order', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(5);
    const double = openDouble(
      (_, tries) => (['refuse', 'lose', 'refuse'] as const)[tries - 1] ?? 'take',
    );
    await using _push = ledger.push(double.receiver);
    await until(
      'the entries',
      async () => double.taken.length,
      (count) => count >= 10,
    );
    expect(double.taken.slice(0, 10)).toEqual([...upTo(5), ...upTo(5)]);
  });

  test('goes on where it was after a restart, and sends again what a crash left open', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(4);
    const before = openDouble(() => 'take');
    {
      await using _push = ledger.push(before.receiver);
      await until(
        'the first',
        async () => before.taken.length,
        (count) => count >= 4,
      );
      // What a stopped process has taken is written down before it is gone.
    }
    await ledger.append(4);
    const hanging = openDouble(() => 'hang');
    // This one is not stopped until the end: to the others it is a process that died while it sent.
    await using _dead = ledger.push(hanging.receiver);
    await until(
      'the delivery',
      async () => hanging.tries(),
      (tries) => tries === 1,
    );
    const after = openDouble(() => 'take');
    await using _push = ledger.push(after.receiver);
    await new Promise((resolve) => setTimeout(resolve, 5 * PACE.pollMs));
    // The other one may be alive.
    expect(after.tries()).toBe(0);
    ledger.fixture.host.advance(CLAIM_MS);
    await until(
      'the rest',
      async () => after.taken.length,
      (count) => count > 3,
    );
    expect(after.taken.slice(0, 4)).toEqual([4, 5, 6, 7]);
  });

  test('that answers nothing does not keep an append, and a stop does not wait for it', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(1);
    const hanging = openDouble(() => 'hang');
    const push = ledger.push(hanging.receiver);
    await until(
      'the delivery',
      async () => hanging.tries(),
      (tries) => tries === 1,
    );
    for (let round = 0; round < 20; round += 1) await ledger.append(10);
    expect(hanging.tries()).toBe(1);
    await push[Symbol.asyncDispose]();
    const next = openDouble(() => 'take');
    await using _push = ledger.push(next.receiver);
    await until(
      'all of it',
      async () => next.taken.length,
      (count) => count >= 201,
    );
    expect(next.taken.slice(0, 201)).toEqual(upTo(201));
  });

  test('that takes nothing for a minute is alarmed, and measured', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(7);
    const double = openDouble(() => 'refuse');
    await using _push = ledger.push(double.receiver);
    await until(
      'tries',
      async () => double.tries(),
      (tries) => tries > 2,
    );
    const { metrics } = ledger.parts;
    expect(await metrics.text()).toMatch(/alarms_total\{kind="ledger-sink-stuck"\} 0/);
    ledger.fixture.host.advance(STUCK_MS);
    await until(
      'the alarm',
      () => metrics.text(),
      (text) => /sink-stuck"\} [1-9]/.test(text),
    );
    expect(await metrics.text()).toMatch(/sink_undelivered_entries\{sink="soc"\} 7/);
  });

  test('is told of in the ledger once an hour, and not for its own telling', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(3);
    const double = openDouble(() => 'take');
    await using _push = ledger.push(double.receiver);
    const { tables } = ledger.parts;
    const events = async () =>
      (await tables.outbox({ after: 0, limit: 10 })).map((row) => row.event);
    await until('the event', events, (found) => found.length === 1);
    await ledger.append(3);
    await until(
      'the rest',
      async () => double.taken.length,
      (count) => count >= 6,
    );
    expect(await events()).toHaveLength(1);
    ledger.fixture.host.advance(60 * 60 * 1000);
    const told = await until('the second event', events, (found) => found.length === 2);
    expect(told[1]).toMatchObject({
      tenant: ledger.tenant,
      action: 'ledger.entry.pushed',
      object: { type: 'sink', id: 'soc' },
      actor: { type: 'service', id: 'ledger' },
    });
    const [, name, value] = JSON.parse(
      Buffer.from(told[1]?.disclosures[0] ?? '', 'base64url').toString(),
    );
    expect([name, value]).toEqual(['entries', { after: { first: 3, last: 5, count: 3 } }]);
  });

  test('gets the entries of its tenants only', async () => {
    await using ledger = await openLedgerStores();
    await ledger.append(2);
    const stranger = openDouble(() => 'take');
    const own = openDouble(() => 'take');
    await using _one = ledger.push(stranger.receiver, {
      name: 'other',
      tenants: ['019af000'],
    });
    await using _two = ledger.push(own.receiver, { tenants: [ledger.tenant] });
    await until(
      'the entries',
      async () => own.taken.length,
      (count) => count >= 2,
    );
    expect(stranger.tries()).toBe(0);
  });
});
