import { TILE_WIDTH } from '#services/ledger/chain/tiles.ts';

/** Path of a tile under the log's prefix: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits. */
export function tilePath(level: number, tile: number, width = TILE_WIDTH): string {
  const digits = String(tile).padStart(Math.ceil(String(tile).length / 3) * 3, '0');
  const groups = digits.match(/.{3}/g) ?? [];
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group));
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${number.join('/')}${partial}`;
}
