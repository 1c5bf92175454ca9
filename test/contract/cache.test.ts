import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheAdapters, openPlace } from './adapters.ts';

describe.each(cacheAdapters)('the cache on $name', ({ open }) => {
  async function opened(entriesMax = 100) {
    const place = await openPlace();
    return { place, cache: await open(place, { entriesMax }) };
  }

  test('gives the value as last put, while it lives', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    expect(await cache.get('a')).toBeUndefined();
    await cache.put('a', { units: ['E1'] }, { ttlSeconds: 10 });
    await cache.put('a', { units: ['E2'] }, { ttlSeconds: 10 });
    place.clock.advance(9_999);
    expect(await cache.get('a')).toEqual({ units: ['E2'] });
    place.clock.advance(1);
    expect(await cache.get('a')).toBeUndefined();
  });

  test('is not kept alive by being read', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    await cache.put('a', 1, { ttlSeconds: 10 });
    for (let i = 0; i < 4; i += 1) {
      place.clock.advance(3_000);
      await cache.get('a');
    }
    expect(await cache.get('a')).toBeUndefined();
  });

  test('forgets what is removed', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    await cache.put('a', null, { ttlSeconds: 10 });
    expect(await cache.get('a')).toBeNull();
    await cache.remove('a');
    await cache.remove('a');
    expect(await cache.get('a')).toBeUndefined();
  });

  test('holds copies', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    const value = { units: ['E1'] };
    await cache.put('a', value, { ttlSeconds: 10 });
    value.units.push('changed after it was put');
    Object.assign((await cache.get('a')) ?? {}, { units: ['changed after it was read'] });
    expect(await cache.get('a')).toEqual({ units: ['E1'] });
  });

  test('counts inside of a window, which begins with its first count', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    const count = () => cache.count('a', { windowSeconds: 60 });
    expect(await count()).toBe(1);
    place.clock.advance(59_999);
    expect(await count()).toBe(2);
    place.clock.advance(1);
    expect(await count()).toBe(1);
  });

  test('counts each of many at once', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    const counting = Array.from({ length: 50 }, () => cache.count('a', { windowSeconds: 60 }));
    const counts = await Promise.all(counting);
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  test('keeps counts and values apart, also under the same key', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    await cache.put('a', 'a value', { ttlSeconds: 60 });
    expect(await cache.count('a', { windowSeconds: 60 })).toBe(1);
    expect(await cache.get('a')).toBe('a value');
    await cache.remove('a');
    expect(await cache.count('a', { windowSeconds: 60 })).toBe(2);
  });

  test('lets go what was unused for longest when it is full', async () => {
    const { place, cache } = await opened(3);
    await using _ = place;
    for (const key of ['a', 'b', 'c']) await cache.put(key, key, { ttlSeconds: 60 });
    await cache.get('a');
    await cache.put('d', 'd', { ttlSeconds: 60 });
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key)));
    expect(found).toEqual(['a', undefined, 'c', 'd']);
  });

  test('never holds more than it may, whatever is done with it', async () => {
    const entriesMax = 5;
    const step = fc.tuple(
      fc.constantFrom('put', 'get', 'count', 'remove', 'wait'),
      fc.integer({ min: 0, max: 20 }).map(String),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { place, cache } = await opened(entriesMax);
        await using _ = place;
        const doing = {
          put: (key: string) => cache.put(key, key, { ttlSeconds: 5 }),
          get: (key: string) => cache.get(key),
          count: (key: string) => cache.count(key, { windowSeconds: 5 }),
          remove: (key: string) => cache.remove(key),
          wait: async () => place.clock.advance(1_500),
        };
        for (const [what, key] of steps) await doing[what](key);
        const all = Array.from({ length: 21 }, (_, i) => cache.get(String(i)));
        const held = (await Promise.all(all)).filter((value) => value !== undefined);
        expect(held.length).toBeLessThanOrEqual(entriesMax);
      }),
      { numRuns: 60 },
    );
  });
});
