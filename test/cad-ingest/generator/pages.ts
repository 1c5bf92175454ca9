import { type Call, callOf, habitOf } from './call.ts';
import * as labels from './label-products.ts';
import * as lines from './line-products.ts';
import { ownAgencies } from './own-agencies.ts';
import type { Mail, Product } from './product.ts';
import { randomOf } from './random.ts';
import * as reports from './report-products.ts';
import { unknownAgencies } from './unknown-agencies.ts';
import { wildAgencies } from './wild-agencies.ts';

/** An invented page and what a perfect reader finds in it. */
export interface Invented {
  readonly product: string;
  readonly agency: string;
  readonly mail: Mail;
  readonly call: Call;
  readonly truth: { readonly nature: string; readonly address: string };
}

export const products: readonly Product[] = [
  ...Object.values(labels),
  ...Object.values(lines),
  ...Object.values(reports),
];
export const unknowns: readonly Product[] = unknownAgencies.map(([product]) => product);
export const wilds: readonly Product[] = wildAgencies;
/** Agencies that only their own samples tell how to read. */
export const owns: readonly Product[] = ownAgencies;
export const shareOf: ReadonlyMap<string, number> = new Map(
  unknownAgencies.map(([product, share]) => [product.id, share]),
);

export interface Choice {
  readonly product: Product;
  /** Agencies of another seed were never looked at while the reader was tuned. */
  readonly seed: string;
  readonly agencies: number;
  readonly pages: number;
}

/** Pages of several agencies of one product. */
export function invent({ product, seed, agencies, pages }: Choice): Invented[] {
  const invented: Invented[] = [];
  for (let number = 0; number < agencies; number += 1) {
    const agency = `${product.id}-${number}`;
    const random = randomOf(`${seed}/${agency}`);
    const habit = habitOf(random.fork('habit'));
    const write = product.agency(random.fork('template'), habit);
    for (let page = 0; page < pages; page += 1) {
      const now = random.fork(`page-${page}`);
      const call = callOf(now, habit);
      const mail = write(now, call);
      const truth = { nature: mail.nature ?? call.nature, address: mail.address ?? call.address };
      invented.push({ product: product.id, agency, mail, call, truth });
    }
  }
  return invented;
}
