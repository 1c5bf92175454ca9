/** When two pages are about the same place, and the rows by which incidents at a place are found. */
import { hash } from 'node:crypto';
import type { IncidentFields } from '#contracts/records/incident.ts';
import type { RowKey } from '#shared/ports/tables.ts';

/** Kind of the index rows by place: id `<hash of the place>/<incident id>`. */
export const INCIDENT_PLACE = 'incident-place';

/** 0.05 miles. */
const NEAR_METRES = 80.5;
const EARTH_RADIUS_METRES = 6_371_009;
/** Sides of a cell of the map, in degrees of latitude: 111 m, so that what is near is next door. */
const CELL_DEGREES = 0.001;

type Place = Pick<IncidentFields, 'address' | 'city' | 'coordinates'>;
type Point = NonNullable<Place['coordinates']>;

/**
 * By coordinates when both have them, else by address and town. A town that only one of them names is
 * no difference.
 */
export function isSamePlace(left: Place, right: Place): boolean {
  if (left.coordinates !== undefined && right.coordinates !== undefined) {
    return metresBetween(left.coordinates, right.coordinates) <= NEAR_METRES;
  }
  const address = streetOf(left.address);
  if (address === undefined || address !== streetOf(right.address)) return false;
  const [town, other] = [wordsOf(left.city), wordsOf(right.city)];
  return town === '' || other === '' || town === other;
}

/** What the index rows of places nearby begin with. */
export function placePrefixes(place: Place): readonly string[] {
  const cells = place.coordinates === undefined ? [] : cellsAround(place.coordinates);
  return [...addressNames(place), ...cells].map(prefixOf);
}

/** Names of the places that a page claims, and of those that nobody else may have claimed since. */
export function placeClaims(place: Place): {
  readonly own: readonly string[];
  readonly beside: readonly string[];
} {
  const [cell, ...beside] = place.coordinates === undefined ? [] : cellsAround(place.coordinates);
  return { own: [...addressNames(place), ...(cell === undefined ? [] : [cell])], beside };
}

export function placeRows(incidentId: string, place: Place): readonly RowKey[] {
  return placeClaims(place).own.map((name) => ({
    kind: INCIDENT_PLACE,
    id: `${prefixOf(name)}${incidentId}`,
  }));
}

function prefixOf(name: string): string {
  return `${hash('sha256', name)}/`;
}

function addressNames({ address }: Place): readonly string[] {
  const street = streetOf(address);
  return street === undefined ? [] : [`street ${street}`];
}

/** One spelling for what centres write in more than one way; the sides of an intersection in order. */
function streetOf(address: string | undefined): string | undefined {
  const sides = (address ?? '').toUpperCase().split(/\s*[&@/]\s*|\s+AND\s+/);
  const streets = sides.map(wordsOf).filter((side) => side !== '');
  return streets.length === 0 ? undefined : streets.toSorted().join(' & ');
}

function wordsOf(text: string | undefined): string {
  const words = (text ?? '').toUpperCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => SHORT.get(word) ?? word.replace(/^0+(?=\d)/, '')).join(' ');
}

/** The commonest words of USPS Publication 28, appendices B and C1, to their short form. */
const SHORT: ReadonlyMap<string, string> = new Map(
  `STREET ST|AVENUE AVE|AV AVE|ROAD RD|DRIVE DR|LANE LN|COURT CT|CIRCLE CIR|BOULEVARD BLVD|PLACE PL|TERRACE TER|PARKWAY PKWY
  PKY PKWY|HIGHWAY HWY|TRAIL TRL|TR TRL|TURNPIKE TPKE|TPK TPKE|SQUARE SQ|ALLEY ALY|EXPRESSWAY EXPY|FREEWAY FWY|CROSSING XING
  ROUTE RT|RTE RT|COUNTY CO|NORTH N|SOUTH S|EAST E|WEST W|NORTHEAST NE|NORTHWEST NW|SOUTHEAST SE|SOUTHWEST SW|MOUNT MT
  SAINT ST|FORT FT|TOWNSHIP TWP|BLOCK BLK|WAY WAY`
    .split(/[|\n]/)
    .map((pair) => pair.trim().split(' ') as [string, string]),
);

/** The cell of the point, then the eight around it. */
function cellsAround({ lat, lon }: Point): readonly string[] {
  const row = Math.floor(lat / CELL_DEGREES);
  const others = [-1, 1].flatMap((step) => rowOfCells(row + step, lon, [-1, 0, 1]));
  return [...rowOfCells(row, lon, [0, -1, 1]), ...others];
}

/** Towards the poles a degree of longitude is shorter; a row has cells of its own width. */
function rowOfCells(row: number, lon: number, steps: readonly number[]): readonly string[] {
  const width = CELL_DEGREES / Math.max(0.01, Math.cos(radians(row * CELL_DEGREES)));
  const column = Math.floor(lon / width);
  return steps.map((step) => `cell ${row} ${column + step}`);
}

/** Great circle by haversines. */
function metresBetween(left: Point, right: Point): number {
  const half = (degrees: number) => Math.sin(radians(degrees) / 2) ** 2;
  const square =
    half(left.lat - right.lat) +
    Math.cos(radians(left.lat)) * Math.cos(radians(right.lat)) * half(left.lon - right.lon);
  return 2 * EARTH_RADIUS_METRES * Math.asin(Math.sqrt(square));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
