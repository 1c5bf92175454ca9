import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpanKind } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScenario } from '#test/demo/scenario.ts';
import { until } from '#test/support/api.ts';
import { hasNatsServer, startNatsServer } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort, type Running, startProcess } from '#test/support/processes.ts';
import type { Recorded } from '#test/support/trace-recorder.ts';

const SERVICES = ['ledger', 'core-records', 'files', 'cad-ingest', 'gateway'];
const START_MS_MAX = 90_000;

describe.skipIf(!hasNatsServer())('each service in a process of its own, over NATS', () => {
  const stack = new AsyncDisposableStack();
  const running: Running[] = [];
  let folder: string;
  let origin: string;
  let smtpPort: number;

  beforeAll(async () => {
    folder = stack.use(await temporaryFolder()).path;
    const nats = stack.use(await startNatsServer());
    const httpPort = await freePort();
    smtpPort = await freePort();
    origin = `http://127.0.0.1:${httpPort}`;
    const environment = {
      DATA_DIR: folder,
      BUS_URL: nats.url,
      HTTP_PORT: String(httpPort),
      SMTP_PORT: String(smtpPort),
      NODE_OPTIONS: `--import ${join(import.meta.dirname, '../support/trace-recorder.ts')}`,
      TRACE_FILE: join(folder, 'spans.jsonl'),
    };
    for (const name of SERVICES) {
      running.push(stack.use(await startProcess(`services/${name}/main.ts`, environment)));
    }
  }, START_MS_MAX);
  afterAll(() => stack.disposeAsync());

  async function spans(): Promise<Recorded[]> {
    const text = await readFile(join(folder, 'spans.jsonl'), 'utf8').catch(() => '');
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line): Recorded => JSON.parse(line));
  }
  /** The span and those above it, each as its process, kind and name. */
  function above(all: readonly Recorded[], span: Recorded | undefined): string[] {
    if (span === undefined) return [];
    const parent = all.find(({ spanId }) => spanId === span.parentSpanId);
    if (parent !== undefined) expect(parent.traceId).toBe(span.traceId);
    const kind = SpanKind[span.kind]?.toLowerCase();
    return [`${span.process} ${kind} ${span.name}`, ...above(all, parent)];
  }
  const from = (all: readonly Recorded[], process: string, name: string) =>
    all.filter((span) => span.process === process && span.name === name);

  test('the main job goes from end to end', async () => {
    const firstRun = JSON.parse(await readFile(join(folder, 'first-run.json'), 'utf8'));
    const outcome = await runScenario({ origin, smtpPort, firstRun, tell: () => undefined });
    expect(outcome.ledger.size).toBeGreaterThan(20);
  }, 90_000);

  test('a trace goes from the request of a client into another process, and into the log', async () => {
    const traceId = 'c0ffee1916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const path = `/log/${'0'.repeat(32)}/checkpoint`;
    await fetch(`${origin}${path}`, { headers: { traceparent } });
    const mine = await until('the spans', spans, (all) => {
      return all.filter((span) => span.traceId === traceId).length === 3;
    });
    const [served] = from(mine, 'ledger', 'ledger.checkpoint.fetch');
    expect(above(mine, served)).toEqual([
      'ledger server ledger.checkpoint.fetch',
      'gateway client ledger.checkpoint.fetch',
      'gateway server GET /log/:id/checkpoint',
    ]);
    const door = mine.find((span) => span.parentSpanId === 'b7ad6b7169203331');
    expect(door?.name).toBe('GET /log/:id/checkpoint');
    const gateway = running.at(-1);
    const line = gateway?.lines.find((each) => each.includes(`"traceId":"${traceId}"`));
    expect(line).toContain('"route":"/log/:id/checkpoint"');
  });

  test('a mail is a trace from the queue to the incident; a block of the ledger is one', async () => {
    const all = await spans();
    const [proposed] = from(all, 'core-records', 'core-records.incident.propose');
    expect(above(all, proposed)).toEqual([
      'core-records server core-records.incident.propose',
      'cad-ingest client core-records.incident.propose',
      'cad-ingest consumer process cad-work',
    ]);
    const [authorized] = from(all, 'core-records', 'core-records.record.authorize');
    expect(above(all, authorized)).toEqual([
      'core-records server core-records.record.authorize',
      'files client core-records.record.authorize',
      'files server files.file.begin',
      'gateway client files.file.begin',
      'gateway server POST /v1/files',
    ]);
    const blocks = from(all, 'ledger', 'ledger.block.commit');
    expect(blocks.length).toBeGreaterThan(0);
    for (const { attributes } of blocks) {
      expect(attributes).toMatchObject({ 'watchdesk.outcome': 'committed' });
    }
  });

  test('spans name routes, outcomes and counts, and nobody', async () => {
    const all = await spans();
    const named = new Set(all.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...named].toSorted()).toEqual([
      'http.request.method',
      'http.response.status_code',
      'http.route',
      'watchdesk.entries',
      'watchdesk.log.size',
      'watchdesk.outcome',
      'watchdesk.request.id',
      'watchdesk.tries',
    ]);
    expect(JSON.stringify(all)).not.toContain('@');
  });

  test('all of them stop when they are told to', async () => {
    for (const process of running.toReversed()) expect(await process.stop('SIGTERM')).toBe(0);
  }, 60_000);
});
