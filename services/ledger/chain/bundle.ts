/** Paths and entry bundles of C2SP tlog-tiles; hash tiles themselves are in tiles.ts. */
import { ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import { TILE_WIDTH } from './tiles.ts';

/** Items `[begin, end)` of a tile's level, as a path asks for them. */
export interface TileSpan {
  readonly begin: number;
  readonly end: number;
}

/** Reads `x001/x234/067` and `x001/x234/067.p/8`; the contract has seen to it that it is one. */
export function tileSpan(path: string): TileSpan {
  const [number = '', width = TILE_WIDTH] = path.split('.p/');
  const begin = Number(number.replaceAll(/[x/]/g, '')) * TILE_WIDTH;
  return { begin, end: begin + Number(width) };
}

/** Entries that the last item of the span reaches to: there is such a tile from that size on. */
export function sizeNeeded(level: number, { end }: TileSpan): number {
  return end * TILE_WIDTH ** level;
}

/** An entry in a bundle: its length as a big endian uint16, then its bytes. */
export function bundled(entry: Uint8Array): Buffer {
  if (entry.length > ENTRY_BYTES_MAX) throw new RangeError('an entry has at most 65,535 bytes');
  const bytes = Buffer.allocUnsafe(2 + entry.length);
  bytes.writeUInt16BE(entry.length);
  bytes.set(entry, 2);
  return bytes;
}
