/**
 * Reads DER (X.690), as far as timestamps and certificates need it: tags of one byte, definite
 * lengths in their shortest form, nothing left over. Throws for anything else.
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bytes: 0x04,
  oid: 0x06,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The n-th context-specific tag of something that holds others. */
export const contextTag = (n: number): number => 0xa0 + n;

export interface Der {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With tag and length. */
  readonly whole: Uint8Array;
}

/** The one element that these bytes are. */
export function readDer(bytes: Uint8Array): Der {
  const der = elementAt(bytes, 0);
  if (der.whole.length !== bytes.length) throw malformed('more than one element');
  return der;
}

/** What stands inside, as a reader that goes through it in its order. */
export function openDer(der: Der, tag: number = TAG.sequence): DerReader {
  if (der.tag !== tag) throw malformed(`the tag ${der.tag} instead of ${tag}`);
  let at = 0;
  const peek = () => (at < der.content.length ? elementAt(der.content, at) : undefined);
  const next = () => {
    const found = peek();
    if (found === undefined) throw malformed('something missing');
    at += found.whole.length;
    return found;
  };
  return {
    next(wanted) {
      const found = next();
      if (found.tag !== wanted) throw malformed(`the tag ${found.tag} instead of ${wanted}`);
      return found;
    },
    optional(wanted) {
      return peek()?.tag === wanted ? next() : undefined;
    },
    rest() {
      const all: Der[] = [];
      while (peek() !== undefined) all.push(next());
      return all;
    },
    end() {
      if (peek() !== undefined) throw malformed('something more');
    },
  };
}

export interface DerReader {
  next(tag: number): Der;
  optional(tag: number): Der | undefined;
  rest(): Der[];
  /** Throws when there is more. */
  end(): void;
}

/** In dots. */
export function oidOf({ tag, content }: Der): string {
  if (tag !== TAG.oid || content.length === 0) throw malformed('no object identifier');
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, byte] of content.entries()) {
    const isFirst = index === 0 || ((content[index - 1] ?? 0) & 0x80) === 0;
    if (isFirst && byte === 0x80) throw malformed('a padded arc');
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw malformed('an arc that is too long');
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (((content.at(-1) ?? 0) & 0x80) !== 0) throw malformed('an arc without an end');
  const [first = 0, ...others] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...others].join('.');
}

/** An integer of whatever length, in hex without leading zeros; negative ones are refused. */
export function integerOf({ tag, content }: Der): string {
  const [first, second = 0x80] = content;
  if (tag !== TAG.integer || first === undefined) throw malformed('no integer');
  if (first >= 0x80) throw malformed('a negative integer');
  if (first === 0 && content.length > 1 && second < 0x80) throw malformed('a padded integer');
  return hexOf(content).replace(/^0+(?=.)/, '');
}

/** GeneralizedTime as RFC 3161 has it, in UTC; ISO with milliseconds. */
export function timeOf({ tag, content }: Der): string {
  const text = String.fromCharCode(...content);
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/.exec(text);
  if (tag !== TAG.time || found === null) throw malformed('no time');
  const [, year, month, day, hour, minute, second, fraction = ''] = found;
  const ms = fraction.padEnd(3, '0').slice(0, 3);
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
  if (Number.isNaN(Date.parse(iso))) throw malformed('a time that is none');
  return iso;
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function elementAt(bytes: Uint8Array, at: number): Der {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw malformed('an end too early');
  if ((tag & 0x1f) === 0x1f) throw malformed('a tag of many bytes');
  let [length, begin] = [first, at + 2];
  if (first >= 0x80) {
    const digits = first & 0x7f;
    if (digits === 0 || digits > 4) throw malformed('a length of another form');
    length = 0;
    for (const byte of bytes.subarray(begin, begin + digits)) length = length * 256 + byte;
    const isShortest = length >= 0x80 && length >= 256 ** (digits - 1);
    if (!isShortest) throw malformed('a padded length');
    begin += digits;
  }
  if (begin + length > bytes.length) throw malformed('an end too early');
  return {
    tag,
    content: bytes.subarray(begin, begin + length),
    whole: bytes.subarray(at, begin + length),
  };
}

function malformed(what: string): Error {
  return new Error(`not DER: ${what}`);
}
