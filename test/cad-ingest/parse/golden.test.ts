import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { cadDraft } from '#contracts/cad-fields.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

/** One invented page of each shape, and the draft that a person has looked at. */
const golden = z.strictObject({
  page: z.strictObject({ subject: z.string().optional(), body: z.string() }),
  draft: cadDraft,
});

const folder = new URL('./golden/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

test.each(names)('%s is read as it was', (name) => {
  const { page, draft } = golden.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
  const { subject, body } = page;
  expect(readPage({ body, ...(subject === undefined ? {} : { subject }) }, [])).toEqual(draft);
});

test('there is a page of every shape', () => {
  expect(names.length).toBeGreaterThan(60);
});
