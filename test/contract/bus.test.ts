import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import type { BusRequest } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type BusEnds, busAdapters } from './bus-adapters.ts';

const SUBJECT = 'core-records.incident.create';
const WAIT = { timeoutMs: 2_000 };
/** Longer than a test may take: what answers at all has not waited for it. */
const LONG = { timeoutMs: 120_000 };
/** Two quotes around it in JSON. */
const LARGEST = 'x'.repeat(BUS_MESSAGE_BYTES_MAX - 2);

/** Work that ends when the test says so. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

function serve(ends: BusEnds, answer: (request: BusRequest) => Promise<Json>, inFlightMax = 8) {
  return ends.far.serve(SUBJECT, { inFlightMax, answer });
}

async function eventually(check: () => boolean): Promise<void> {
  while (!check()) await sleep(2);
}

for (const { name, missing, open } of busAdapters) {
  describe.skipIf(missing)(`the bus on ${name}`, () => {
    describe('a request', () => {
      test('reaches who serves its subject, and the answer comes back', async () => {
        await using ends = await open();
        await serve(ends, async ({ subject, body }) => ({ subject, body }));
        const body = { text: 'Brücke 🚒 \u0000', list: [1, null, true, 0.1], deep: { a: {} } };
        expect(await ends.near.request(SUBJECT, body, WAIT)).toEqual({ subject: SUBJECT, body });
      });

      test('carries the time that its caller waits', async () => {
        await using ends = await open();
        await serve(ends, async ({ timeoutMs }) => timeoutMs);
        expect(await ends.near.request(SUBJECT, null, { timeoutMs: 1_234 })).toBe(1_234);
      });

      test('carries the span under which it is asked, and none where there is none', async () => {
        await using ends = await open();
        await serve(ends, async ({ traceparent = null }) => traceparent);
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
        expect(await ends.near.request(SUBJECT, null, { ...WAIT, traceparent })).toBe(traceparent);
        expect(await ends.near.request(SUBJECT, null, WAIT)).toBeNull();
        const watching = { silenceMs: WAIT.timeoutMs, signal: new AbortController().signal };
        const hear = () => undefined;
        const asking = { ...watching, hear, traceparent };
        expect(await ends.near.watch(SUBJECT, null, asking)).toBe(traceparent);
      });

      test('and its answer are copies: neither side holds what the other one has', async () => {
        await using ends = await open();
        const kept = { units: ['E1'] };
        await serve(ends, async ({ body }) => {
          Object.assign(body ?? {}, { units: ['changed by the server'] });
          return kept;
        });
        const sent = { units: ['L1'] };
        const answer = await ends.near.request(SUBJECT, sent, WAIT);
        Object.assign(answer ?? {}, { units: ['changed by the caller'] });
        expect(sent).toEqual({ units: ['L1'] });
        expect(kept).toEqual({ units: ['E1'] });
      });

      test('that nobody serves is unavailable at once, and may be tried again', async () => {
        await using ends = await open();
        const asking = ends.near.request(SUBJECT, null, LONG);
        await expect(asking).rejects.toMatchObject({
          code: 'unavailable',
          particulars: { retryAfterSeconds: 1 },
        });
      });

      test('that is not answered in time is a timeout, and its work goes on', async () => {
        await using ends = await open();
        const { opened, open: release } = gate();
        let ended = false;
        await serve(ends, async () => {
          await opened;
          ended = true;
          return null;
        });
        const asking = ends.near.request(SUBJECT, null, { timeoutMs: 30 });
        await expect(asking).rejects.toMatchObject({ code: 'timeout' });
        release();
        await eventually(() => ended);
      });

      test('over the limit is too large and never sent; one at the limit is not', async () => {
        await using ends = await open();
        let served = 0;
        await serve(ends, async ({ body }) => {
          served += 1;
          return String(body).length;
        });
        const asking = ends.near.request(SUBJECT, `${LARGEST}x`, WAIT);
        await expect(asking).rejects.toMatchObject({ code: 'too-large' });
        expect(served).toBe(0);
        expect(await ends.near.request(SUBJECT, LARGEST, WAIT)).toBe(LARGEST.length);
      });

      test('whose answer is over the limit is too large; one at the limit is not', async () => {
        await using ends = await open();
        await serve(ends, async ({ body }) => `${LARGEST}${body}`);
        const asking = ends.near.request(SUBJECT, 'x', WAIT);
        await expect(asking).rejects.toMatchObject({ code: 'too-large' });
        expect(await ends.near.request(SUBJECT, '', WAIT)).toBe(LARGEST);
      });

      test.each([
        ['an error', () => Promise.reject(new Error('secret of the server'))],
        ['a problem', () => Promise.reject(new Problem('not-found', { detail: 'secret' }))],
        [
          'an error before its first wait',
          () => {
            throw new Error('secret of the server');
          },
        ],
      ])('whose server rejects with %s is internal, without its text', async (_, answer) => {
        await using ends = await open();
        await serve(ends, answer);
        const failed = await ends.near.request(SUBJECT, null, WAIT).catch((error) => error);
        expect(failed).toBeInstanceOf(Problem);
        expect(failed).toMatchObject({ code: 'internal' });
        expect(JSON.stringify(failed.toBody())).not.toContain('secret');
      });

      test.each(['', 'Upper.case', 'a..b', 'a.*', '>', 'a b'])(
        'to the subject "%s" is refused',
        async (subject) => {
          await using ends = await open();
          await expect(ends.near.request(subject, null, WAIT)).rejects.toThrow('no subject');
        },
      );
    });

    describe('a server', () => {
      test('works on as many requests as it said, and refuses more at once', async () => {
        await using ends = await open();
        const { opened, open: release } = gate();
        let started = 0;
        await serve(
          ends,
          async ({ body }) => {
            started += 1;
            await opened;
            return body;
          },
          2,
        );
        const taken = [1, 2].map((i) => ends.near.request(SUBJECT, i, WAIT));
        await eventually(() => started === 2);
        const refused = ends.near.request(SUBJECT, 3, WAIT);
        await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
        release();
        expect(await Promise.all(taken)).toEqual([1, 2]);
        expect(await ends.near.request(SUBJECT, 4, WAIT)).toBe(4);
        expect(started).toBe(3);
      });

      test('counts work until it ends, also when its caller has given up', async () => {
        await using ends = await open();
        const { opened, open: release } = gate();
        await serve(ends, () => opened.then(() => null), 1);
        const first = ends.near.request(SUBJECT, 1, { timeoutMs: 30 });
        await expect(first).rejects.toMatchObject({ code: 'timeout' });
        const second = ends.near.request(SUBJECT, 2, WAIT);
        await expect(second).rejects.toMatchObject({ code: 'unavailable' });
        release();
      });

      test('shares the requests with others of the subject: each is served once', async () => {
        await using ends = await open();
        const counts = [0, 0, 0];
        for (const index of counts.keys()) {
          await serve(ends, async () => {
            counts[index] = (counts[index] ?? 0) + 1;
            return null;
          });
        }
        for (let i = 0; i < 90; i += 1) await ends.near.request(SUBJECT, i, WAIT);
        expect(counts.reduce((sum, count) => sum + count)).toBe(90);
        // A random choice among three leaves one of them out once in 10^15 runs.
        expect(Math.min(...counts)).toBeGreaterThan(0);
      });

      test('that stops lets its work end, and takes no more', async () => {
        await using ends = await open();
        const { opened, open: release } = gate();
        let started = false;
        const serving = await serve(ends, async () => {
          started = true;
          await opened;
          return 'done';
        });
        const asking = ends.near.request(SUBJECT, null, WAIT);
        await eventually(() => started);
        let stopped = false;
        const stopping = serving.stop().then(() => {
          stopped = true;
        });
        await ends.near.ping();
        await sleep(10);
        expect(stopped).toBe(false);
        release();
        await stopping;
        expect(await asking).toBe('done');
        const late = ends.near.request(SUBJECT, null, WAIT);
        await expect(late).rejects.toMatchObject({ code: 'unavailable' });
      });

      test('that stopped leaves the subject to the others', async () => {
        await using ends = await open();
        const first = await serve(ends, async () => 'first');
        await serve(ends, async () => 'second');
        await first.stop();
        for (let i = 0; i < 5; i += 1) {
          expect(await ends.near.request(SUBJECT, i, WAIT)).toBe('second');
        }
      });
    });

    describe('a publication', () => {
      test('is heard by everybody who listens, also by pattern, as copies', async () => {
        await using ends = await open();
        const heard: unknown[] = [];
        const hearAs = (who: string) => (subject: string, body: Json) => {
          heard.push([who, subject, structuredClone(body)]);
          Object.assign(body ?? {}, { changed: true });
        };
        await ends.near.listen('news.incident.created', hearAs('exact'));
        await ends.far.listen('news.*.created', hearAs('pattern'));
        await ends.far.listen('news.*', hearAs('shorter'));
        await ends.far.listen('*.*.removed', hearAs('other'));
        await ends.near.publish('news.incident.created', { id: 1 });
        await eventually(() => heard.length >= 2);
        await ends.near.ping();
        await ends.far.ping();
        expect(heard.toSorted()).toEqual([
          ['exact', 'news.incident.created', { id: 1 }],
          ['pattern', 'news.incident.created', { id: 1 }],
        ]);
      });

      test('is lost when nobody listens, and after listening has stopped', async () => {
        await using ends = await open();
        const heard: Json[] = [];
        await ends.near.publish('news.a', 'too early');
        // Two connections: without it, the listener could overtake the publication.
        await ends.near.ping();
        const listening = await ends.far.listen('news.a', (_, body) => heard.push(body));
        await ends.near.publish('news.a', 'heard');
        await eventually(() => heard.length > 0);
        await listening.stop();
        await ends.near.publish('news.a', 'too late');
        await ends.near.ping();
        await ends.far.ping();
        expect(heard).toEqual(['heard']);
      });

      test('over the limit is too large', async () => {
        await using ends = await open();
        const telling = ends.near.publish('news.a', `${LARGEST}x`);
        await expect(telling).rejects.toMatchObject({ code: 'too-large' });
      });
    });

    describe('a bus that is closed', () => {
      test('has ended its work, and refuses everything', async () => {
        const ends = await open();
        const { opened, open: release } = gate();
        let state = 'waiting';
        await serve(ends, async () => {
          state = 'started';
          await opened;
          state = 'ended';
          return null;
        });
        const asking = ends.near.request(SUBJECT, null, WAIT).catch(() => 'closed');
        await eventually(() => state === 'started');
        setTimeout(release, 20);
        await ends[Symbol.asyncDispose]();
        expect(state).toBe('ended');
        await asking;
        const unavailable = { code: 'unavailable' };
        await expect(ends.near.request(SUBJECT, null, WAIT)).rejects.toMatchObject(unavailable);
        await expect(ends.near.publish('news.a', null)).rejects.toMatchObject(unavailable);
        await expect(ends.near.ping()).rejects.toMatchObject(unavailable);
        await expect(serve(ends, async () => null)).rejects.toMatchObject(unavailable);
        await expect(ends.near.listen('news.*', () => undefined)).rejects.toMatchObject(
          unavailable,
        );
      });
    });
  });
}
