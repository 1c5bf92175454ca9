import { owns, products, unknowns, wilds } from '../generator/pages.ts';
import type { Product } from '../generator/product.ts';
import { type Figures, figuresOf, HEAD, type Judged, row } from '../generator/score.ts';
import { judgeLearned } from './agencies.ts';

const groups: Readonly<Record<string, readonly Product[]>> = { unknowns, wilds, owns, products };

/** How much is learned and read for a table of figures. */
export interface Extent {
  readonly seed: string;
  readonly samples: number;
  readonly agencies: number;
  readonly heldOut: number;
  readonly only?: readonly string[];
}

export interface Table {
  readonly byProduct: ReadonlyMap<string, Figures>;
  readonly all: Figures;
  readonly text: string;
}

/** Learns every agency of every product, and tells how its other pages were read. */
export function figuresTable(extent: Extent): Table {
  const { seed, samples, agencies, heldOut, only } = extent;
  const byProduct = new Map<string, Figures>();
  const rows = [`learned from ${samples} samples`, HEAD];
  const all: Judged[] = [];
  for (const [name, group] of Object.entries(groups)) {
    if (only !== undefined && !only.includes(name)) continue;
    for (const product of group) {
      const judged = judgeLearned({ product, seed, agencies, samples, heldOut });
      const figures = figuresOf(judged);
      byProduct.set(product.id, figures);
      rows.push(row(product.id, figures));
      all.push(...judged);
    }
  }
  const whole = figuresOf(all);
  rows.push(row('all', whole));
  return { byProduct, all: whole, text: rows.join('\n') };
}
