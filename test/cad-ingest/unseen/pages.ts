import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { cadDraft } from '#contracts/cad-fields.ts';
import type { Verdict } from '../generator/score.ts';

const texts = z.union([z.string(), z.array(z.unknown())]);

/** An invented page and what its author finds in it; `accept` are further values that are right. */
const unseenPage = z.strictObject({
  agency: z.string(),
  shape: z.string(),
  kind: z.enum(['dispatch', 'update', 'times', 'other']),
  page: z.strictObject({ subject: z.string(), from: z.string(), body: z.string() }),
  fields: z.looseObject({ nature: z.string().optional(), address: z.string().optional() }),
  accept: z.record(z.string(), texts).optional(),
});
export type UnseenPage = z.infer<typeof unseenPage>;
type Draft = z.infer<typeof cadDraft>;

export function unseenPages(name: 'unknown' | 'products' | 'counties' | 'centres'): UnseenPage[] {
  const lines = readFileSync(new URL(`./vectors/${name}.jsonl`, import.meta.url), 'utf8').split(
    '\n',
  );
  return lines.filter((line) => line !== '').map((line) => unseenPage.parse(JSON.parse(line)));
}

/** How a draft of the page is right. */
export function verdictOf(truth: UnseenPage, draft: Draft): Verdict {
  return {
    agency: truth.agency,
    nature: isRight(truth, 'nature', draft.fields.nature),
    address: isRight(truth, 'address', draft.fields.address),
    given: draft.fields.address !== undefined,
    unsure: draft.unsure.includes('address'),
  };
}

function isRight(
  { fields, accept }: UnseenPage,
  key: 'nature' | 'address',
  value: string | undefined,
): boolean {
  if (value === undefined || fields[key] === undefined) return value === fields[key];
  const others = accept?.[key];
  const right = [fields[key], ...(Array.isArray(others) ? others : [others])];
  return right.some((each) => typeof each === 'string' && normal(each) === normal(value));
}

/** Capitals, words and ampersands: marks and blanks are written in many ways. */
function normal(text: string): string {
  return text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9&]+/g, ' ')
    .replaceAll('&', ' & ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}
