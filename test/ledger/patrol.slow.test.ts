import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { readEntry, readVerification } from '#contracts/ledger.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import { openLedger } from '#services/ledger/service.ts';
import { openPatrol } from '#services/ledger/verify/patrol.ts';
import { readState } from '#services/ledger/verify/patrol-state.ts';
import { openMetrics } from '#shared/metrics.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { through } from './faulty.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';
import { openLogOf as logOfBlocks, openTamper } from './tamper.ts';

/** Blocks of one entry, so that a pass has many places to stop at. */
const BLOCKS = 12;

async function openLogOf(blocks = BLOCKS): Promise<Fixture> {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture());
  await using log = await fixture.open();
  for (const event of eventsOf(fixture.tenant, blocks)) await log.append([event]);
  await log.checkpoint(blocks);
  opened.move();
  return fixture;
}

/** A patrol as one process has it, with metrics of its own. */
async function patrolOn(fixture: Fixture, tables: Tables = fixture.tables) {
  const { host, checkpoints } = fixture;
  const metrics = openMetrics();
  const parts = { ...(await host.parts('ledger')), checkpoints, metrics, tables };
  const patrol = openPatrol(parts, { isRunning: false });
  return {
    ...patrol,
    figure: async (name: string) =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await metrics.text())?.[1]),
  };
}

const ALARM = 'watchdesk_alarms_total\\{kind="ledger-verify-failed"\\}';
const BROKEN = 'watchdesk_ledger_broken_logs';
const ENTRIES = 'watchdesk_ledger_verified_entries_total';

const stateOf = ({ tables, tenant }: Fixture) => readState(tables.forTenant(tenant));

/** Each block takes longer to read than a walk works without a rest. */
function slow(tables: Tables, read: (blocks: number) => void): Tables {
  let blocks = 0;
  return through(tables, (real) => ({
    async get(key) {
      if (key.kind !== 'block') return real.get(key);
      await new Promise((resolve) => setTimeout(resolve, 6));
      blocks += 1;
      read(blocks);
      return real.get(key);
    },
  }));
}

describe('the verification that runs by itself', () => {
  test('passes over a log, says so, and comes again when the interval is over', async () => {
    await using fixture = await openLogOf();
    await using patrol = await patrolOn(fixture);
    await patrol.round();
    const { status } = await stateOf(fixture);
    expect(status.pass).toBeUndefined();
    expect(status.last).toMatchObject({
      ok: true,
      size: BLOCKS,
      checkedEntries: BLOCKS,
      breaks: [],
    });
    await patrol.round();
    expect(await patrol.figure(ENTRIES)).toBe(BLOCKS);
    fixture.host.advance(60_000);
    await patrol.round();
    expect(await patrol.figure(ENTRIES)).toBe(2 * BLOCKS);
    expect(await patrol.figure(ALARM)).toBe(0);
  });

  test('alarms a break once in each pass, names it, and clears when it is mended', async () => {
    await using fixture = await openLogOf();
    await using patrol = await patrolOn(fixture);
    using tamper = openTamper(fixture);
    const row = tamper.rows('block')[3];
    if (row === undefined) throw new Error('no block');
    tamper.remove('block', row.id);
    await patrol.round();
    expect((await stateOf(fixture)).status.last).toMatchObject({
      ok: false,
      size: BLOCKS,
      breaks: [{ seq: 3, kind: 'missing' }],
    });
    expect([await patrol.figure(ALARM), await patrol.figure(BROKEN)]).toEqual([1, 1]);
    fixture.host.advance(60_000);
    await patrol.round();
    expect([await patrol.figure(ALARM), await patrol.figure(BROKEN)]).toEqual([2, 1]);
    tamper.put('block', row);
    fixture.host.advance(60_000);
    await patrol.round();
    expect([await patrol.figure(ALARM), await patrol.figure(BROKEN)]).toEqual([2, 0]);
    expect((await stateOf(fixture)).status.last).toMatchObject({ ok: true, breaks: [] });
  });

  test('goes on after a restart where it stood, and keeps what it had found', async () => {
    await using fixture = await openLogOf();
    using tamper = openTamper(fixture);
    const [row, ...rest] = tamper.rows('block');
    const second = rest[0];
    if (row === undefined || second === undefined) throw new Error('no blocks');
    tamper.remove('block', second.id);
    let stopped: PromiseLike<void> | undefined;
    const stopping = await patrolOn(
      fixture,
      slow(fixture.tables, (blocks) => {
        if (blocks === 6) stopped = stopping[Symbol.asyncDispose]();
      }),
    );
    await stopping.round();
    await stopped;
    const { status } = await stateOf(fixture);
    expect(status.last).toBeUndefined();
    expect(status.pass?.breaks).toMatchObject([{ seq: 1, kind: 'missing' }]);
    const position = status.pass?.position ?? 0;
    expect(position).toBeGreaterThan(2);
    expect(position).toBeLessThan(BLOCKS);

    await using again = await patrolOn(fixture);
    await again.round();
    expect(await again.figure(ENTRIES)).toBe(BLOCKS - position);
    expect((await stateOf(fixture)).status).toMatchObject({
      last: {
        startedAt: status.pass?.startedAt,
        ok: false,
        size: BLOCKS,
        checkedEntries: BLOCKS - 1,
        breaks: [{ seq: 1, kind: 'missing' }],
      },
    });
  });

  test('leaves a log to another process that has come by meanwhile', async () => {
    await using fixture = await openLogOf();
    await using other = await patrolOn(fixture);
    let rounds: Promise<void> | undefined;
    await using late = await patrolOn(
      fixture,
      slow(fixture.tables, (blocks) => {
        if (blocks === 2) rounds = other.round();
      }),
    );
    await late.round();
    await rounds;
    expect(await other.figure(ENTRIES)).toBe(BLOCKS);
    const before = await stateOf(fixture);
    expect(before).toMatchObject({ version: 1, status: { last: { ok: true } } });
  });

  test('knows a log that was taken off the list', async () => {
    await using fixture = await openLogOf();
    await using patrol = await patrolOn(fixture);
    await patrol.round();
    const list = fixture.tables.forTenant(PLATFORM_TENANT);
    const remove = { kind: 'log', id: fixture.tenant };
    await list.write({ changes: [{ remove, expect: 1 }], events: [], unaudited: 'test' });
    fixture.host.advance(60_000);
    await patrol.round();
    expect((await stateOf(fixture)).status.last).toMatchObject({
      ok: false,
      breaks: [{ seq: 0, kind: 'missing', detail: expect.stringContaining('list of logs') }],
    });
  });

  test('runs in the service, and its status can be asked for', async () => {
    await using fixture = await openLogOf();
    const { host, tenant, checkpoints } = fixture;
    const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
    await using _ = await openLedger(parts);
    const reviewer = person({ tenant, roles: ['reviewer'] });
    const { body } = await until(
      'the first pass',
      () => host.client.call(readVerification, {}, reviewer),
      ({ body }) => body.last !== undefined,
    );
    expect(body.last).toMatchObject({ ok: true, size: BLOCKS, breaks: [] });
    const officer = person({ tenant, roles: ['officer'] });
    await expect(host.client.call(readVerification, {}, officer)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  test('is the first to hear of a block that is missing before the last page, and says so everywhere', async () => {
    await using fixture = await logOfBlocks([256, 256, 256, 9]);
    const { host, tenant, checkpoints } = fixture;
    using tamper = openTamper(fixture);
    const row = tamper.rows('block')[0];
    if (row === undefined) throw new Error('no block');
    tamper.remove('block', row.id);
    {
      await using log = await fixture.open();
      expect(log.broken()).toBeUndefined();
      expect(await log.append(eventsOf(tenant, 1))).toMatchObject([{ seq: 777 }]);
    }
    const alarms: string[] = [];
    const lines: string[] = [];
    const parts = {
      ...(await host.parts('ledger')),
      checkpoints,
      host: () => 'ledger.example',
      metrics: openMetrics((kind) => alarms.push(kind)),
      log: pino({ level: 'error' }, { write: (line) => lines.push(line) }),
    };
    await using _ = await openLedger(parts);
    const reviewer = person({ tenant, roles: ['reviewer'] });
    const { body } = await until(
      'the first pass',
      () => host.client.call(readVerification, {}, reviewer),
      ({ body }) => body.last !== undefined,
    );
    expect(body.last).toMatchObject({
      ok: false,
      size: 778,
      checkedEntries: 522,
      breaks: [{ seq: 0, lastSeq: 255, kind: 'missing' }],
    });
    expect(alarms).toEqual(['ledger-verify-failed']);
    const said = lines.map((line) => JSON.parse(line));
    expect(said).toMatchObject([{ tenant, breaks: 1, msg: 'a log does not verify' }]);
    const text = await parts.metrics.text();
    expect(text).toMatch(/^watchdesk_ledger_broken_logs 1$/m);
    expect(text).toMatch(/^watchdesk_alarms_total\{kind="ledger-verify-failed"\} 1$/m);
    // Who reads there is told, and it is alarmed again; what is elsewhere can be read.
    const read = (seq: number) => host.client.call(readEntry, { params: { seq } }, reviewer);
    await expect(read(3)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('block 0 is damaged: it is missing'),
    });
    expect(alarms).toHaveLength(2);
    expect((await read(300)).body).toMatchObject({ seq: 300 });
  });
});
