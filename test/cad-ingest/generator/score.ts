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

/** What a judge says of one page. */
export interface Verdict {
  readonly agency: string;
  readonly nature: boolean;
  readonly address: boolean;
  /** The draft has an address. */
  readonly given: boolean;
  /** The draft asks a person to look at it. */
  readonly unsure: boolean;
}

export function figuresOf(judged: readonly Judged[]): Figures {
  return figuresOfVerdicts(
    judged.map(({ invented, draft }) => ({
      agency: invented.agency,
      nature: same(draft.fields.nature, invented.truth.nature),
      address: same(draft.fields.address, invented.truth.address),
      given: draft.fields.address !== undefined,
      unsure: draft.unsure.includes('address'),
    })),
  );
}

export function figuresOfVerdicts(verdicts: readonly Verdict[]): Figures {
  const agencies = Map.groupBy(verdicts, (each) => each.agency);
  const mean = (test: (each: Verdict) => boolean) => {
    const shares = [...agencies.values()].map((pages) => pages.filter(test).length / pages.length);
    return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
  };
  return {
    agencies: agencies.size,
    pages: verdicts.length,
    right: mean((each) => each.address && each.nature),
    address: mean((each) => each.address),
    nature: mean((each) => each.nature),
    wrongSure: mean((each) => each.given && !each.address && !each.unsure),
    rightUnsure: mean((each) => each.address && each.unsure),
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
