import { bytesFromBase64, isHash } from './hash.ts';

/** What the text of a C2SP checkpoint says. */
export interface TreeHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Reads `origin\nsize\nroot\n`. Our logs have no extension lines; those of others are allowed and
 * say nothing here. `undefined` for anything else.
 */
export function parseTreeHead(text: string): TreeHead | undefined {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  if (rest.length === 0 || rest.pop() !== '' || rest.includes('')) return undefined;
  const root = bytesFromBase64(rootText);
  const size = /^(0|[1-9][0-9]*)$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (origin === '' || !Number.isSafeInteger(size) || root === undefined || !isHash(root)) {
    return undefined;
  }
  return { origin, size, root };
}
