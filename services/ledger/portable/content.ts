import { isObject, isText, jsonIn } from './bundle.ts';

/**
 * What the bytes of an entry say. `undefined` unless they are canonical (RFC 8785): with a key that
 * stands twice, or in another spelling, two readers could read two things out of one entry.
 */
export function contentOf(bytes: Uint8Array) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = jsonIn(text);
    if (!isObject(value) || JSON.stringify(sorted(value)) !== text) return undefined;
    const { sd, ...says } = value;
    return Array.isArray(sd) && sd.every(isText) ? { says, commitments: sd } : undefined;
  } catch {
    // Not UTF-8, or nested deeper than a stack goes: no entry in any case.
    return undefined;
  }
}

/** RFC 8785 section 3.2.3: keys in the order of their UTF-16 code units, which `toSorted` has. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
