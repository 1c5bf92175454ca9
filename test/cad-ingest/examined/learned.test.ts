import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { learnProfiles } from '#services/cad-ingest/learn/learn-profiles.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

/** Just under what was reached when the pages were first read. */
const RIGHT_LEAST = 0.93;
const WRONG_SURE_MOST = 0.01;

const pageLine = z.object({
  agency: z.string(),
  group: z.string(),
  sample: z.boolean(),
  subject: z.string(),
  body: z.string(),
  fields: z.looseObject({ nature: z.string(), address: z.string() }),
  accept: z.record(z.string(), z.array(z.string())).optional(),
});
type Page = z.infer<typeof pageLine>;

test('five samples are enough to read later pages of agencies that somebody else invented', async () => {
  const text = await readFile(new URL('golden/learned-pages.jsonl', import.meta.url), 'utf8');
  const pages = text
    .trim()
    .split('\n')
    .map((line) => pageLine.parse(JSON.parse(line)));
  const figures = [...Map.groupBy(pages, (page) => page.agency).values()].map(figuresOf);
  for (const { name, right, wrongSure } of figures) {
    process.stdout.write(
      `${name.padEnd(24)} right ${percent(right)}  wrong ${percent(wrongSure)}\n`,
    );
  }
  const right = mean(figures.map((each) => each.right));
  const wrongSure = mean(figures.map((each) => each.wrongSure));
  process.stdout.write(`mean of agencies: right ${percent(right)}, wrong ${percent(wrongSure)}\n`);
  expect(right).toBeGreaterThanOrEqual(RIGHT_LEAST);
  expect(wrongSure).toBeLessThanOrEqual(WRONG_SURE_MOST);
}, 60_000);

function figuresOf(pages: readonly Page[]) {
  const [samples, later] = [
    pages.filter((page) => page.sample),
    pages.filter((page) => !page.sample),
  ];
  const source = pages[0]?.agency ?? '';
  const profiles = learnProfiles(
    samples.map(({ subject, body, fields }) => ({ source, subject, body, fields })),
  );
  let right = 0;
  let wrongSure = 0;
  for (const page of later) {
    const { fields, unsure } = readPage(
      { subject: page.subject, body: page.body, source },
      profiles,
    );
    const address = isRight(page, 'address', fields.address);
    if (address && isRight(page, 'nature', fields.nature)) right += 1;
    if (!address && fields.address !== undefined && !unsure.includes('address')) wrongSure += 1;
  }
  const share = { right: right / later.length, wrongSure: wrongSure / later.length };
  return { name: `${source} ${pages[0]?.group}`, ...share };
}

function isRight(page: Page, key: 'nature' | 'address', value: string | undefined): boolean {
  const wanted = [page.fields[key], ...(page.accept?.[key] ?? [])];
  return value !== undefined && wanted.map(normal).includes(normal(value));
}

function normal(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().toUpperCase();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
