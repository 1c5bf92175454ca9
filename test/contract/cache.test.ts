import { describe, expect, test as plain } from 'vitest';
import { cacheAdapters, openPlace } from './adapters.ts';

describe.each(cacheAdapters)('the cache on $name', ({ open, missing, graceMs }) => {
  const test = plain.skipIf(missing);

  async function opened() {
    const place = await openPlace();
    return { place, cache: await open(place) };
  }

  test('gives the value as last put, while it lives', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    expect(await cache.get('a')).toBeUndefined();
    await cache.put('a', { units: ['E1'] }, { ttlSeconds: 10 });
    await cache.put('a', { units: ['E2'] }, { ttlSeconds: 10 });
    await place.advance(10_000 - graceMs);
    expect(await cache.get('a')).toEqual({ units: ['E2'] });
    await place.advance(graceMs);
    expect(await cache.get('a')).toBeUndefined();
  });

  test('is not kept alive by being read', async () => {
    const { place, cache } = await opened();
    await using _ = place;
    await cache.put('a', 1, { ttlSeconds: 10 });
    for (let i = 0; i < 4; i += 1) {
      await place.advance(3_000);
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
    await place.advance(60_000 - graceMs);
    expect(await count()).toBe(2);
    await place.advance(graceMs);
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
});
