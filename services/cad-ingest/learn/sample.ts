import { z } from 'zod';
import { type CadFieldKey, cadFieldKeys } from '#contracts/cad-fields.ts';
import type { PageText } from '../parse/text/prepare.ts';

/** A value as a person marks it: text, a list, or a place. */
const markedValue = z.union([
  z.string(),
  z.number().transform(String),
  z.array(z.string()),
  z.object({ lat: z.number(), lon: z.number() }),
]);
export type MarkedValue = z.infer<typeof markedValue>;

const optionalText = z.string().nullish();

/** One line of a file of samples. */
export const sampleLine = z.looseObject({
  source: z.string().max(200, { error: 'source must have at most 200 characters' }).nullish(),
  subject: optionalText,
  body: z.string({ error: 'body must be the text of the page' }),
  fields: z.record(z.string(), z.unknown(), {
    error: 'fields must hold the values that the person marked',
  }),
});
export type SampleLine = z.infer<typeof sampleLine>;

/** A page and what a person marked on it. */
export interface Sample {
  readonly text: PageText;
  readonly fields: ReadonlyMap<CadFieldKey, MarkedValue>;
}

const LEARNED_KEYS: ReadonlySet<string> = new Set(
  cadFieldKeys.filter((key) => key !== 'unitTimes'),
);

/** The marks that can be learned from; empty ones say nothing. */
export function marksOf(fields: SampleLine['fields']): Map<CadFieldKey, MarkedValue> {
  const marks = new Map<CadFieldKey, MarkedValue>();
  for (const [key, raw] of Object.entries(fields)) {
    const value = markedValue.safeParse(raw);
    if (!value.success || !LEARNED_KEYS.has(key) || isEmpty(value.data)) continue;
    marks.set(key as CadFieldKey, value.data);
  }
  return marks;
}

function isEmpty(value: MarkedValue): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return Array.isArray(value) && value.every((item) => item.trim() === '');
}
