/** Chance that is the same for the same seed, on every machine. */
export interface Random {
  /** 0 <= value < 1 */
  next(): number;
  /** From `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Some of the items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[];
  digits(count: number): string;
  /** A generator of its own, so that one more call here changes nothing there. */
  fork(name: string): Random;
}

export function randomOf(seed: string): Random {
  let state = hash(seed);
  // mulberry32: small, and good enough to vary text.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const random: Random = {
    next,
    int,
    chance: (share) => next() < share,
    pick: (items) => {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new Error('Nothing to pick from.');
      return item;
    },
    shuffle: (items) => {
      const rest = [...items];
      for (let at = rest.length - 1; at > 0; at -= 1) {
        const other = int(0, at);
        const [one, two] = [rest[at], rest[other]];
        if (one !== undefined && two !== undefined) [rest[at], rest[other]] = [two, one];
      }
      return rest;
    },
    digits: (count) => Array.from({ length: count }, () => int(0, 9)).join(''),
    fork: (name) => randomOf(`${seed}/${name}`),
  };
  return random;
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 16_777_619);
  return value;
}
