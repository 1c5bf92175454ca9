import type { CadFieldKey } from '#contracts/cad-fields.ts';

/** What is known about how a value was found. */
export interface Grounds {
  /** How much less speaks for the best reading of the page with another value, or none. */
  readonly margin: number;
  /** How often the anchors were right on samples that they were not learned from. */
  readonly trust: number;
  /** How often the reader that knows nothing of the agency was right on the samples. */
  readonly readerTrust: number;
  readonly reader: 'agrees' | 'differs' | 'silent';
  /** The address grammar knows the whole value by a number, a crossing or a marker. */
  readonly firm: boolean;
  /** Share of the samples of which the grammar knew the whole address. */
  readonly firmShare: number;
}

/**
 * Margins chosen on invented pages of agencies that the weights were not tuned on: hardly any address
 * above `SAFE` was wrong, of those between the two about one in twenty.
 */
const SAFE = 10;
const FAIR = 6;
const TRUST_LEAST = 0.6;
const READER_GOOD = 0.9;
const FIRM_MOSTLY = 0.7;

const SURELY = 0.95;
const LIKELY = 0.85;
/** Below what is taken without a person's eye. */
const DOUBTFUL = 0.7;
const HARDLY = 0.55;

/** 0..1: how surely the value is right. */
export function certainOf(key: CadFieldKey, grounds: Grounds): number {
  if (grounds.trust < TRUST_LEAST) return HARDLY;
  if (key === 'address') return addressCertain(grounds);
  if (grounds.margin >= FAIR) return SURELY;
  if (grounds.margin < FAIR / 2) return HARDLY;
  return grounds.reader === 'differs' ? DOUBTFUL : LIKELY;
}

function addressCertain(grounds: Grounds): number {
  const { margin, reader, readerTrust, firm, firmShare } = grounds;
  const contested = reader === 'differs' && readerTrust >= READER_GOOD;
  // Where the grammar knows nearly all addresses whole, one that it does not may hold too much.
  const odd = !firm && firmShare >= FIRM_MOSTLY && reader !== 'agrees';
  if (margin < FAIR) return HARDLY;
  if (margin < SAFE) return reader === 'agrees' && firm ? LIKELY : DOUBTFUL;
  if (odd) return DOUBTFUL;
  return contested && margin < SAFE * 1.5 ? DOUBTFUL : SURELY;
}
