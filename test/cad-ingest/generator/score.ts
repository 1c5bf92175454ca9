import type { CadDraft } from '#contracts/cad-fields.ts';
import type { Invented } from './pages.ts';

/** The figures of a set of pages, as a mean over agencies. */
export interface Figures {
  readonly agencies: number;
  readonly pages: number;
  /** Nature and address both right. */
  readonly right: number;
  readonly address: number;
  readonly nature: number;
  /** A wrong address that is not marked unsure: the dangerous outcome. */
  readonly wrongSure: number;
  /** A right address that is marked unsure: work for a person. */
  readonly rightUnsure: number;
}

export interface Judged {
  readonly invented: Invented;
  readonly draft: CadDraft;
}

export function isAddressRight({ invented, draft }: Judged): boolean {
  return same(draft.fields.address, invented.truth.address);
}

export function isNatureRight({ invented, draft }: Judged): boolean {
  return same(draft.fields.nature, invented.truth.nature);
}

export function figuresOf(judged: readonly Judged[]): Figures {
  const agencies = Map.groupBy(judged, (each) => each.invented.agency);
  const mean = (test: (each: Judged) => boolean) => {
    const shares = [...agencies.values()].map((pages) => pages.filter(test).length / pages.length);
    return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
  };
  return {
    agencies: agencies.size,
    pages: judged.length,
    right: mean((each) => isAddressRight(each) && isNatureRight(each)),
    address: mean(isAddressRight),
    nature: mean(isNatureRight),
    wrongSure: mean(
      (each) =>
        each.draft.fields.address !== undefined &&
        !isAddressRight(each) &&
        !each.draft.unsure.includes('address'),
    ),
    rightUnsure: mean((each) => isAddressRight(each) && each.draft.unsure.includes('address')),
  };
}

/** One line of a table of figures. */
export function row(name: string, figures: Figures): string {
  const share = (value: number) => `${(value * 100).toFixed(1)}`.padStart(6);
  const { right, address, nature, wrongSure, rightUnsure } = figures;
  return `${name.padEnd(28)}${share(right)}${share(address)}${share(nature)}${share(wrongSure)}${share(rightUnsure)}`;
}

export const HEAD = `${'percent, mean over agencies'.padEnd(28)} right  addr natur wrong! unsure`;

function same(one: string | undefined, other: string): boolean {
  return one !== undefined && normal(one) === normal(other);
}

function normal(text: string): string {
  return text.toUpperCase().replaceAll(/\s+/g, ' ').trim();
}
