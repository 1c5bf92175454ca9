import { classify, type FragmentKind } from './classify.ts';

const SAMPLE_CHARS_MAX = 1_500;
const PIECES_JUDGED_MAX = 9;
/** A piece longer than this among the first ones is no field. */
const FIELD_CHARS_MAX = 60;

/** Marks that hardly ever stand inside a value, and how often each must occur to be believed. */
const STRONG: readonly { readonly mark: string; readonly least: number }[] = [
  { mark: '*', least: 3 },
  { mark: '|', least: 2 },
  { mark: '~', least: 2 },
  { mark: '\t', least: 2 },
  { mark: ';', least: 2 },
  { mark: '\\', least: 3 },
  { mark: ' :: ', least: 2 },
  { mark: ' // ', least: 2 },
  { mark: '//', least: 3 },
  { mark: '--', least: 2 },
  { mark: '   ', least: 2 },
];
/** Marks that stand in sentences and addresses as well: the pieces themselves must speak for them. */
const WEAK: readonly { readonly mark: string; readonly least: number }[] = [
  { mark: ',', least: 2 },
  { mark: ' - ', least: 2 },
  { mark: ' > ', least: 2 },
  { mark: '..', least: 2 },
  { mark: '  ', least: 2 },
  { mark: ' / ', least: 3 },
  { mark: '/', least: 4 },
];
/** What a piece is worth as a sign that the mark parts fields. */
const WORTH: Partial<Record<FragmentKind, number>> = {
  address: 2,
  nature: 1.2,
  road: 0.5,
  number: 0.7,
  moment: 0.7,
  units: 0.7,
  phone: 0.6,
  coordinates: 0.8,
  code: 0.6,
  cross: 0.7,
  priority: 0.3,
  words: 0.1,
  text: -0.6,
};
const WORTH_LEAST = 2;

/** A text parted at a mark; full stops in a row are one mark. */
export function piecesOf(text: string, mark: string, limit?: number): string[] {
  return text.split(mark === '..' ? /\.{2,}/ : mark, limit);
}

/** The mark that parts the fields of this text, if one does. */
export function delimiterOf(lines: readonly string[]): string | undefined {
  const sample = lines.join('\n').slice(0, SAMPLE_CHARS_MAX);
  const plain = sample.replaceAll('://', '');
  const undated = sample.replaceAll(/\d\/(?=\d)/g, '0');
  const count = (mark: string) => occurrences(mark === '/' ? undated : plain, mark);
  const strong = STRONG.filter(
    ({ mark, least }) => count(mark) >= least && isFieldMark(sample, mark),
  );
  if (strong.length > 0) return likeliest(sample, strong);
  let best: string | undefined;
  let bestWorth = WORTH_LEAST;
  for (const { mark, least } of WEAK) {
    const value = count(mark) >= least ? worth(sample, mark) : 0;
    if (value > bestWorth) [best, bestWorth] = [mark, value];
  }
  return best;
}

/** Of several marks the one whose pieces are fields; the first of the list among equals. */
function likeliest(sample: string, marks: typeof STRONG): string | undefined {
  if (marks.length === 1) return marks[0]?.mark;
  const values = marks.map(({ mark }) => ({ mark, value: worth(sample, mark) }));
  return values.toSorted((one, other) => other.value - one.value)[0]?.mark;
}

function occurrences(text: string, mark: string): number {
  let times = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) times += 1;
  return times;
}

/** Fields are short in the beginning. */
function isFieldMark(sample: string, mark: string): boolean {
  const first = sample.split(mark, 4);
  return first.filter((piece) => piece.trim().length > FIELD_CHARS_MAX).length < 2;
}

function worth(sample: string, mark: string): number {
  const pieces = piecesOf(sample, mark)
    .slice(0, PIECES_JUDGED_MAX)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .map(classify);
  // Without an address among them the pieces are rather words of a sentence.
  if (!pieces.some((piece) => piece.kind === 'address')) return 0;
  return pieces.reduce((sum, piece) => sum + (WORTH[piece.kind] ?? 0), 0);
}
