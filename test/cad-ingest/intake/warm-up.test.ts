import { expect, test } from 'vitest';
import { readPages } from '#services/cad-ingest/parse/read-pages.ts';
import { warmUp } from '#services/cad-ingest/processing/warm-up.ts';

test('the pages that a thread reads first leave nothing behind for those that follow', async () => {
  const page = { body: 'FIRE; 12 MILL RD; FAIRVALE', receivedAt: '2031-01-02T10:05:10.000Z' };
  const before = readPages(page, []);
  await warmUp();
  expect(readPages(page, [])).toEqual(before);
});
