import { learnProfiles } from '#services/cad-ingest/learn/learn-profiles.ts';
import type { SampleLine } from '#services/cad-ingest/learn/sample.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';
import { clock } from '../generator/call.ts';
import { type Invented, invent } from '../generator/pages.ts';
import type { Product } from '../generator/product.ts';
import type { Judged } from '../generator/score.ts';

export interface Lessons {
  readonly product: Product;
  /** Agencies of another seed were never looked at while the learner was tuned. */
  readonly seed: string;
  readonly agencies: number;
  readonly samples: number;
  readonly heldOut: number;
}

/** Learns each agency of a product from its first pages, and reads the others by what was learned. */
export function judgeLearned({ product, seed, agencies, samples, heldOut }: Lessons): Judged[] {
  const pages = invent({ product, seed, agencies, pages: samples + heldOut });
  const byAgency = Map.groupBy(pages, (page) => page.agency);
  return [...byAgency.values()].flatMap((own) => {
    const profiles = learnProfiles(own.slice(0, samples).map(sampleOf));
    return own.slice(samples).map((invented) => ({
      invented,
      draft: readPage({ ...invented.mail, source: invented.agency }, profiles),
    }));
  });
}

/** A page with the values that a person would mark: those that the page shows. */
export function sampleOf(invented: Invented): SampleLine {
  const { mail, agency } = invented;
  return {
    source: agency,
    subject: mail.subject,
    body: mail.body,
    fields: marksOf(invented),
  };
}

function marksOf({ mail, call, truth }: Invented): Record<string, unknown> {
  const page = `${mail.subject ?? ''}\n${mail.body}`.toLowerCase();
  const shown = (value: string) => value !== '' && page.includes(value.toLowerCase());
  const texts: Record<string, string> = {
    city: shown(call.city) ? call.city : call.cityCode,
    placeName: call.place,
    number: call.number,
    map: call.map.length > 1 ? call.map : '',
    callerPhone: call.phone,
    time: clock(call),
  };
  const marks: Record<string, unknown> = { nature: truth.nature, address: truth.address };
  for (const [key, value] of Object.entries(texts)) if (shown(value)) marks[key] = value;
  const cross = call.cross.filter(shown);
  if (cross.length > 0) marks.crossStreets = cross;
  if (call.units.every(shown)) marks.units = call.units;
  if (shown(call.narrative) && call.narrative.length > 10) marks.narrative = call.narrative;
  return marks;
}
