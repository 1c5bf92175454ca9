/** Who has signed a note: known keys, strangers, and signatures that are bad. */
import { describe, expect, test } from 'vitest';
import { isSignedBy, parseNote, parseVerifierKey } from '#services/ledger/portable/note.ts';
import { newSigner } from './bundle-fixture.ts';

const head = { size: 7, root: '0'.repeat(64) };
const [one, other] = [newSigner('log.example'), newSigner('log.example/2')];

/** The signature line of a note of that size. */
const lineOf = (signer: typeof one, size = head.size) =>
  signer.note({ ...head, size }).split('\n\n')[1] ?? '';
const text = one.note(head).split('\n\n')[0] ?? '';

function signedBy(lines: readonly string[], ...known: readonly (typeof one)[]): Promise<boolean> {
  const note = parseNote(`${text}\n\n${lines.join('')}`);
  const keys = known.flatMap(({ verifierKey }) => parseVerifierKey(verifierKey) ?? []);
  if (note === undefined || keys.length !== known.length) throw new Error('no note or no key');
  return isSignedBy(note, keys);
}

/** By the key of that name, over the same text. */
const good = lineOf(one);
/** Of another text. */
const bad = lineOf(one, 8);

describe('a note is signed', () => {
  test('when a known key has signed it, whoever else has', async () => {
    expect(await signedBy([good], one)).toBe(true);
    expect(await signedBy([lineOf(other, 8), good], one)).toBe(true);
    expect(await signedBy([good], other, one)).toBe(true);
  });

  test('by nobody, when no key of the lines is known', async () => {
    expect(await signedBy([good])).toBe(false);
    expect(await signedBy([good], other)).toBe(false);
    // The same key under another name, and another key under the same one, are strangers.
    expect(await signedBy([good.replace('log.example', 'log.example/3')], one)).toBe(false);
    expect(await signedBy([good], newSigner('log.example'))).toBe(false);
  });

  test('by nobody, when one signature of a known key is bad, whatever the others are', async () => {
    expect(await signedBy([bad], one)).toBe(false);
    expect(await signedBy([good, bad], one)).toBe(false);
    const both = lineOf(other, 8);
    expect(await signedBy([good, both], one, other)).toBe(false);
  });
});
