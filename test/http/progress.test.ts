/** An answer that takes long, as lines: progress first, the answer last. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Watcher } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import type { Api } from '#test/support/api.ts';
import { openTestGateway, platformOf, type TestGateway } from '#test/support/http.ts';

const PATH = '/v1/ledger/verify';
const LINES = { accept: 'application/x-ndjson' };
const progress = { position: 1, size: 2, checkedEntries: 1, breaks: 0 };
const answered = {
  ok: true,
  size: 2,
  root: '0'.repeat(64),
  checkedEntries: 2,
  breaks: [],
  elapsedMs: 1,
};

let gateway: TestGateway;
let platform: Api;
/** What stands in the ledger's place does. */
let work: (watcher: Watcher | undefined) => Promise<Json>;

beforeAll(async () => {
  gateway = await openTestGateway();
  platform = await platformOf(gateway);
  await gateway.test.host.bus.serve('ledger.tree.verify', {
    inFlightMax: 4,
    answer: ({ watcher }) => work(watcher),
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

beforeEach(() => {
  work = async (watcher) => {
    watcher?.tell(progress);
    await sleep(20);
    return { ok: true, body: answered };
  };
});

/** Problem bodies are JSON. */
const refusal = (code: ConstructorParameters<typeof Problem>[0]): Json =>
  JSON.parse(JSON.stringify({ ok: false, problem: new Problem(code).toBody() }));

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('GET /v1/ledger/verify', () => {
  test('answers JSON to who does not ask for lines', async () => {
    const answer = await platform.get(PATH);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('vary')).toBe('accept');
    expect(answer.body).toEqual(answered);
  });

  test('answers lines of progress, and as the last one what JSON would have said', async () => {
    const answer = await platform.get(PATH, LINES);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('accept');
    expect(linesOf(answer.body)).toEqual([progress, answered]);
  });

  test('answers a refusal before the first line as any other', async () => {
    work = async () => refusal('forbidden');
    const answer = await platform.get(PATH, LINES);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('ends with the problem as last line when it fails half-way', async () => {
    work = async (watcher) => {
      watcher?.tell(progress);
      await sleep(20);
      return refusal('unavailable');
    };
    const [first, last] = linesOf((await platform.get(PATH, LINES)).body);
    expect(first).toEqual(progress);
    expect(last).toMatchObject({ status: 503, code: 'unavailable' });
  });

  test('loses progress and never the answer when its client reads slowly', async () => {
    const padded = { ...progress, padding: 'x'.repeat(50_000) };
    work = async (watcher) => {
      for (let told = 0; told < 400; told += 1) {
        watcher?.tell(padded);
        await sleep(0);
      }
      return { ok: true, body: answered };
    };
    const response = await stream(LINES);
    await sleep(600);
    let text = '';
    for await (const chunk of response) text += chunk;
    const lines = linesOf(text);
    expect(lines.at(-1)).toEqual(answered);
    expect(lines.length).toBeLessThan(400);
  });

  test('ends the work when its client closes the connection', async () => {
    let watching: Watcher | undefined;
    work = async (watcher) => {
      watching = watcher;
      while (watcher?.gone.aborted === false) {
        watcher.tell(progress);
        await sleep(5);
      }
      return null;
    };
    const response = await stream(LINES);
    expect(watching?.gone.aborted).toBe(false);
    response.destroy();
    await vi.waitUntil(() => watching?.gone.aborted, { timeout: 5_000 });
  });
});

/** The answer as soon as it begins. */
async function stream(headers: Readonly<Record<string, string>>) {
  const { email, password } = gateway.firstRun;
  const signedIn = await fetch(`${gateway.origin}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: gateway.origin },
    body: JSON.stringify({ email, password }),
  });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  httpRequest(new URL(PATH, gateway.origin), { headers: { ...headers, cookie } }, resolve)
    .on('error', reject)
    .end();
  return promise;
}
