import { randomUUIDv7 } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedCheckpoint } from '#services/ledger/checkpoints/later-lines.ts';
import { readWitnesses } from '#services/ledger/checkpoints/witness-settings.ts';
import { openWitnessing } from '#services/ledger/checkpoints/witnessing.ts';
import { openLogs } from '#services/ledger/log/logs.ts';
import { parseWitnessKey, witnessedAt } from '#services/ledger/portable/cosignature.ts';
import { parseNote } from '#services/ledger/portable/note.ts';
import { verifyNote } from '#services/ledger/portable/verify.ts';
import { runWitness } from '#services/ledger/witness/command.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { openTestHost } from '#test/support/host.ts';
import { eventsOf } from './fixture.ts';
import { openMemoryLog } from './witness/log.ts';

/** A log with some entries, a witness of it over HTTP, and the rounds between them. */
async function openWitnessed() {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost());
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  const alarms: string[] = [];
  parts.metrics = { ...parts.metrics, alarm: (name: string) => void alarms.push(name) };
  const logs = opened.use(openLogs(parts));
  const tenant = randomUUIDv7();
  const tables = parts.tables.forTenant(tenant);
  const folder = opened.use(await temporaryFolder());

  const grow = async (count: number) => {
    await logs.use(tenant, (log) => log.append(eventsOf(tenant, count)));
    return logs.use(tenant, (log) => log.checkpoint(log.size()));
  };
  const first = await grow(3);
  if (first === undefined) throw new Error('a log with entries has a checkpoint');
  const witness = opened.use(
    await runWitness({
      dataDir: join(folder.path, 'witness'),
      logs: [first.verifierKey],
      listen: '0',
      name: 'witness.example/w',
    }),
  );
  const key = parseWitnessKey(witness.verifierKey);
  if (key === undefined) throw new Error('a witness prints its key');
  const stack = opened.move();
  return {
    parts,
    alarms,
    tenant,
    tables,
    logs,
    grow,
    first,
    witness,
    advance: host.advance,
    settings: { verifierKey: key, url: witness.url },
    rounds: (url = witness.url) =>
      openWitnessing(parts, logs, {
        witnesses: [{ verifierKey: key, url }],
        isRunning: false,
      }),
    async cosignedAt() {
      const published = await publishedCheckpoint(tables);
      const note = parseNote(published?.note ?? '');
      return note && witnessedAt(note, key);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** In the place of a witness: answers what it is told, and counts. */
async function openStandIn(answer: {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    const headers = { 'content-type': answer.type ?? 'text/plain', ...answer.headers };
    response.writeHead(answer.status, headers).end(answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a checkpoint', () => {
  test('is cosigned, stays valid under the log’s key, and is served so', async () => {
    await using log = await openWitnessed();
    await using witnessing = log.rounds();
    expect(await log.cosignedAt()).toBeUndefined();
    await witnessing.round();
    expect(await log.cosignedAt()).toBeTypeOf('number');
    const checkpoint = await log.logs.use(log.tenant, (open) => open.checkpoint(3));
    expect(checkpoint?.note).toBe((await publishedCheckpoint(log.tables))?.note);
    const { verifierKey } = log.first;
    const note = checkpoint?.note ?? '';
    expect(await verifyNote({ checkpoint: note, verifierKey })).toMatchObject({ ok: true });
  });

  test('that goes on is cosigned by a proof, also by a process that knows nothing', async () => {
    await using log = await openWitnessed();
    await using witnessing = log.rounds();
    await witnessing.round();
    await log.grow(300);
    expect(await log.cosignedAt()).toBeUndefined();
    await witnessing.round();
    expect(await log.cosignedAt()).toBeTypeOf('number');
    await log.grow(5);
    await using another = log.rounds();
    await another.round();
    expect(await log.cosignedAt()).toBeTypeOf('number');
    expect(log.alarms).toEqual([]);
  });

  test('is asked for again only when the cosignature is a day old', async () => {
    await using log = await openWitnessed();
    await using witnessing = log.rounds();
    await witnessing.round();
    const first = await log.cosignedAt();
    await using standIn = await openStandIn({ status: 500 });
    await using elsewhere = log.rounds(standIn.url);
    await elsewhere.round();
    expect(standIn.asked()).toBe(0);
    log.advance(24 * 60 * 60 * 1000 + 1000);
    await elsewhere.round();
    expect(standIn.asked()).toBe(1);
    // A failure leaves what was there.
    expect(await log.cosignedAt()).toBe(first);
  });

  test('that contradicts what the witness has seen is alarmed', async () => {
    await using log = await openWitnessed();
    await using standIn = await openStandIn({ status: 422 });
    await using witnessing = log.rounds(standIn.url);
    await witnessing.round();
    expect(log.alarms).toEqual(['ledger-verify-failed']);
    expect(await log.cosignedAt()).toBeUndefined();
  });

  test('that is behind what the witness has seen is alarmed: the log was cut', async () => {
    await using log = await openWitnessed();
    const body = '4000\n';
    await using standIn = await openStandIn({ status: 409, type: 'text/x.tlog.size', body });
    await using witnessing = log.rounds(standIn.url);
    await witnessing.round();
    expect(log.alarms).toEqual(['ledger-verify-failed']);
  });
});

describe('a witness', () => {
  test.each([
    ['does not know the log', { status: 404 }],
    ['does not know the key', { status: 403 }],
    ['does not understand', { status: 400 }],
    ['fails', { status: 500 }],
    ['answers a conflict without a size', { status: 409, body: '3\n' }],
    ['answers another size each time', { status: 409, type: 'text/x.tlog.size', body: '2\n' }],
    ['sends to another host', { status: 307, headers: { location: 'http://192.0.2.1/' } }],
    ['answers without end', { status: 200, body: 'x'.repeat(100_000) }],
    ['answers no signature', { status: 200, body: 'yes\n' }],
    [
      'answers a signature of another key',
      { status: 200, body: `— witness.example/w ${Buffer.alloc(76, 1).toString('base64')}\n` },
    ],
  ])('that %s is left alone for a while, and changes nothing', async (_what, answer) => {
    await using log = await openWitnessed();
    await using standIn = await openStandIn(answer);
    await using witnessing = log.rounds(standIn.url);
    await witnessing.round();
    const asked = standIn.asked();
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(2);
    await witnessing.round();
    expect(standIn.asked()).toBe(asked);
    expect((await publishedCheckpoint(log.tables))?.note).toBe(log.first.note);
    expect(log.alarms).toEqual([]);
    log.advance(10 * 60_000 + 1);
    await witnessing.round();
    expect(standIn.asked()).toBeGreaterThan(asked);
  });

  test('that never answers keeps up no append, and is let go when the process stops', async () => {
    await using log = await openWitnessed();
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const witnesses = [{ ...log.settings, url: `http://127.0.0.1:${port}` }];
    const witnessing = openWitnessing(log.parts, log.logs, { witnesses, isRunning: true });
    const startedAt = performance.now();
    for (let batch = 0; batch < 5; batch += 1) await log.grow(10);
    await witnessing[Symbol.asyncDispose]();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    silent.closeAllConnections();
    silent.close();
  });
});

describe('the file of witnesses', () => {
  const name = 'witness.example/w';
  const logKey = openMemoryLog(name).verifierKey;

  async function read(text: string) {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'witnesses.json');
    await writeFile(file, text);
    return await readWitnesses(file);
  }

  test('is read as the witness prints its key', async () => {
    await using log = await openWitnessed();
    const { verifierKey } = log.witness;
    const text = JSON.stringify({ v: 1, witnesses: [{ verifierKey, url: 'https://w.example/' }] });
    const [settings] = await read(text);
    expect(settings).toMatchObject({ url: 'https://w.example', verifierKey: { name } });
  });

  test.each([
    ['no JSON', '{'],
    [
      'the key of a log',
      `{"v":1,"witnesses":[{"verifierKey":"${logKey}","url":"https://w.example"}]}`,
    ],
    ['another form', '{"v":2,"witnesses":[]}'],
  ])('with %s is refused by name', async (_what, text) => {
    await expect(read(text)).rejects.toThrow('witnesses.json does not fit');
  });
});
