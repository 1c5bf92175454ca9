/** Long work whose asker hears how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { BusRequest, Watcher } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { type BusEnds, busAdapters } from './bus-adapters.ts';

const SUBJECT = 'ledger.tree.verify';
const SILENCE_MS = 2_000;
const SHORT_SILENCE_MS = 150;

function serve(ends: BusEnds, work: (watcher: Watcher, request: BusRequest) => Promise<Json>) {
  const answer = async (request: BusRequest) => {
    if (request.watcher === undefined) return 'not watched';
    return work(request.watcher, request);
  };
  // One at a time: what does not end is noticed by the next.
  return ends.far.serve(SUBJECT, { inFlightMax: 1, answer });
}

/** Asks and keeps what was heard. */
function watch(ends: BusEnds, silenceMs = SILENCE_MS) {
  const heard: Json[] = [];
  const leaving = new AbortController();
  const { signal } = leaving;
  const hear = (progress: Json) => {
    heard.push(progress);
  };
  const answer = ends.near.watch(SUBJECT, null, { silenceMs, hear, signal });
  // Looked at by the test when it is time.
  answer.catch(() => undefined);
  return { heard, answer, leave: () => leaving.abort(new Error('left')) };
}

/** Tells once a little while until its asker has gone. */
async function tellUntilGone({ tell, gone }: Watcher): Promise<Json> {
  for (let told = 0; !gone.aborted; told += 1) {
    tell(told);
    await sleep(5);
  }
  return 'gone';
}

for (const { name, missing, open } of busAdapters) {
  describe.skipIf(missing)(`watched work on the bus on ${name}`, () => {
    test('is heard of in its order, and the answer comes last', async () => {
      await using ends = await open();
      await serve(ends, async ({ tell }) => {
        for (const told of [1, 2, 3]) {
          tell({ told });
          await sleep(30);
        }
        return 'answer';
      });
      const { heard, answer } = watch(ends);
      expect(await answer).toBe('answer');
      expect(heard).toEqual([{ told: 1 }, { told: 2 }, { told: 3 }]);
    });

    test('is told of by copies, and sees how long its asker bears silence', async () => {
      await using ends = await open();
      await serve(ends, async ({ tell }, { timeoutMs }) => {
        const progress = { timeoutMs };
        tell(progress);
        progress.timeoutMs = 0;
        await sleep(30);
        return null;
      });
      const { heard, answer } = watch(ends);
      await answer;
      expect(heard).toEqual([{ timeoutMs: SILENCE_MS }]);
    });

    test('that tells in a rush is heard of a few times, and its answer comes all the same', async () => {
      await using ends = await open();
      const times = 20_000;
      await serve(ends, async ({ tell }) => {
        for (let told = 0; told < times; told += 1) tell(told);
        return 'answer';
      });
      const { heard, answer } = watch(ends);
      expect(await answer).toBe('answer');
      expect(heard.length).toBeLessThan(100);
      expect(heard).toEqual(heard.toSorted((one, other) => Number(one) - Number(other)));
    });

    test('may take far longer than its asker bears silence, as long as it tells', async () => {
      await using ends = await open();
      await serve(ends, async ({ tell }) => {
        const endsAt = performance.now() + 4 * SHORT_SILENCE_MS;
        while (performance.now() < endsAt) {
          tell(null);
          await sleep(SHORT_SILENCE_MS / 15);
        }
        return 'answer';
      });
      expect(await watch(ends, SHORT_SILENCE_MS).answer).toBe('answer');
    });

    test('that falls silent is a timeout, and learns at its next word that nobody waits', async () => {
      await using ends = await open();
      let after: unknown;
      await serve(ends, async (watcher) => {
        watcher.tell('begun');
        await sleep(3 * SHORT_SILENCE_MS);
        after = await tellUntilGone(watcher);
        return null;
      });
      const { heard, answer } = watch(ends, SHORT_SILENCE_MS);
      await expect(answer).rejects.toMatchObject({ code: 'timeout' });
      expect(heard).toEqual(['begun']);
      await vi.waitUntil(() => after === 'gone', { timeout: SILENCE_MS });
    });

    test('whose asker gives up is told so, and leaves nothing running', async () => {
      await using ends = await open();
      const reasons: unknown[] = [];
      await serve(ends, async (watcher) => {
        await tellUntilGone(watcher);
        reasons.push(watcher.gone.reason);
        return 'for nobody';
      });
      const { heard, answer, leave } = watch(ends);
      await vi.waitUntil(() => heard.length > 0);
      leave();
      await expect(answer).rejects.toThrow('left');
      const heardThen = heard.length;
      await vi.waitUntil(() => reasons.length > 0);
      expect(reasons).toEqual([expect.objectContaining({ code: 'timeout' })]);
      const free = () => ends.near.request(SUBJECT, null, { timeoutMs: SILENCE_MS });
      await vi.waitUntil(() => free().catch(() => undefined));
      expect(heard.length).toBe(heardThen);
    });

    test('that fails is told as a request is: a bug keeps its text', async () => {
      await using ends = await open();
      await serve(ends, async ({ tell }) => {
        tell('begun');
        throw new Error('secret of the server');
      });
      await expect(watch(ends).answer).rejects.toMatchObject({ code: 'internal' });
    });

    test('that nobody serves is unavailable, and so it is where all are busy', async () => {
      await using ends = await open();
      const unserved = watch(ends);
      await expect(unserved.answer).rejects.toMatchObject({ code: 'unavailable' });
      await serve(ends, tellUntilGone);
      const first = watch(ends);
      await vi.waitUntil(() => first.heard.length > 0);
      await expect(watch(ends).answer).rejects.toMatchObject({ code: 'unavailable' });
      first.leave();
    });

    test('is watched only when asked for so', async () => {
      await using ends = await open();
      await serve(ends, async () => 'watched');
      const options = { timeoutMs: SILENCE_MS };
      expect(await ends.near.request(SUBJECT, null, options)).toBe('not watched');
      expect(await watch(ends).answer).toBe('watched');
    });
  });
}
