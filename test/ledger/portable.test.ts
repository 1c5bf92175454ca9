/** The parts of the portable verifier, one by one: what each takes, and what it refuses by which word. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signedNote, verifierKeyOf } from '#services/ledger/chain/note.ts';
import {
  EMPTY_EDGE,
  growEdge,
  inclusionPath,
  leafHash,
  rootOf,
} from '#services/ledger/chain/tree.ts';
import { parseTreeHead } from '#services/ledger/portable/checkpoint.ts';
import { contentOf } from '#services/ledger/portable/content.ts';
import {
  cosignedBytes,
  parseWitnessKey,
  timedSignature,
  witnessedAt,
} from '#services/ledger/portable/cosignature.ts';
import { integerOf, oidOf, openDer, readDer, TAG, timeOf } from '#services/ledger/portable/der.ts';
import { areEqual, bytesFromBase64, hashFromHex, isHash } from '#services/ledger/portable/hash.ts';
import {
  COSIGNATURE_TYPE,
  isKeyName,
  isSignature,
  keyIdOf,
  parseNote,
  parseVerifierKey,
} from '#services/ledger/portable/note.ts';
import {
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from '#services/ledger/portable/verify.ts';
import { newSigner } from './bundle-fixture.ts';

const der = (hex: string) => readDer(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('an entry, a proof and a checkpoint', () => {
  const signer = newSigner();
  const entries = Array.from({ length: 7 }, (_, index) => Buffer.from(`entry ${index}`));
  const leaves = entries.map((entry) => leafHash(entry));
  const edgeOf = (begin: number, end: number) => growEdge(EMPTY_EDGE, leaves.slice(begin, end));
  const rootAt = (size: number) => rootOf(edgeOf(0, size));
  const noteAt = (size: number) => signer.note({ size, root: rootAt(size) });
  const evidence = {
    checkpoint: noteAt(7),
    verifierKey: signer.verifierKey,
    seq: 5,
    entry: entries[5] ?? Buffer.alloc(0),
    hashes: inclusionPath(5, 7).map(({ begin, end }) => rootOf(edgeOf(begin, end))),
  };

  test('that belong together verify, and say of which tree', async () => {
    expect(await verifyInclusion(evidence)).toMatchObject({ ok: true, head: { size: 7 } });
  });

  test.each<[string, object]>([
    ['The verifier key is malformed.', { verifierKey: 'none' }],
    ['The checkpoint is no signed note.', { checkpoint: 'o\n7\n' }],
    ['The key has not signed this checkpoint.', { verifierKey: newSigner().verifierKey }],
    ['The sequence number is none.', { seq: -1 }],
    ['The sequence number is none.', { seq: 0.5 }],
    ['A hash of the proof is malformed.', { hashes: ['00'] }],
    ['The proof does not lead from this entry to the root of the checkpoint.', { seq: 4 }],
    ['The proof does not lead from this entry to the root of the checkpoint.', { seq: 7 }],
    ['The proof does not lead from this entry to the root of the checkpoint.', { hashes: [] }],
  ])('are refused with the sentence: %s', async (reason, change) => {
    expect(await verifyInclusion({ ...evidence, ...change })).toEqual({ ok: false, reason });
  });

  test('are refused when the note is signed, but is no checkpoint or one of another log', async () => {
    const { verifierKey } = signer;
    const noteOf = (size: number) => signer.note({ size, root: rootAt(7) });
    expect(await verifyNote({ checkpoint: noteOf(0.5), verifierKey })).toEqual({
      ok: false,
      reason: 'The note is signed, but is no checkpoint.',
    });
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const key = { name: 'ledger.example/log/4567', publicKey: raw };
    const text = parseNote(noteOf(7))?.text ?? '';
    const checkpoint = signedNote(text, key, sign(null, Buffer.from(text), privateKey));
    expect(await verifyNote({ checkpoint, verifierKey: verifierKeyOf(key) })).toEqual({
      ok: false,
      reason: 'The checkpoint is of another log than the key.',
    });
  });

  test('of two sizes: the newer tree goes on from the older one, by the proof of that', async () => {
    const { verifierKey } = signer;
    const [older, newer] = [noteAt(4), noteAt(7)];
    const hashes = [rootOf(edgeOf(4, 7))];
    expect(await verifyConsistency({ older, newer, verifierKey, hashes })).toMatchObject({
      ok: true,
      older: { size: 4 },
      newer: { size: 7 },
    });
    const refused = async (change: object) => {
      const verdict = await verifyConsistency({ older, newer, verifierKey, hashes, ...change });
      return verdict.ok ? '' : verdict.reason;
    };
    const not = 'The proof does not show that the newer tree goes on from the older one.';
    expect(await refused({ hashes: [] })).toBe(not);
    expect(await refused({ older: newer, newer: older })).toBe(not);
    expect(await refused({ hashes: ['x'] })).toBe('A hash of the proof is malformed.');
    expect(await refused({ older: 'x' })).toBe('The checkpoint is no signed note.');
    expect(await refused({ newer: 'x' })).toBe('The checkpoint is no signed note.');
  });
});

describe('a note', () => {
  const line = '— a AAAAAAAA';
  test('has a text, an empty line and signatures, as many as a log may have witnesses', () => {
    const of = (count: number) => `text\n\n${`${line}\n`.repeat(count)}`;
    expect(parseNote(of(100))?.signatures.length).toBe(100);
    expect(parseNote(of(101))).toBeUndefined();
    expect(parseNote('text\n\nmore\n\n— a AAAAAAAA\n')?.text).toBe('text\n\nmore\n');
    expect(parseNote(`${'x'.repeat(1_000_000)}\n\n${line}\n`)).toBeUndefined();
    expect(parseNote(`te\ud800xt\n\n${line}\n`)).toBeUndefined();
    expect(parseNote(`text\n\nx${line}\n`)).toBeUndefined();
    expect(parseNote(`text\n\n${line} x\n`)).toBeUndefined();
    expect(parseNote('text\n\n— a AAAA\n')).toBeUndefined();
  });

  test('is none without its empty line, its last newline, or with a character too many', () => {
    const max = `${'x'.repeat(1_000_000 - 3 - line.length)}\n\n${line}\n`;
    expect(parseNote(max)?.signatures.length).toBe(1);
    expect(parseNote(`x${max}`)).toBeUndefined();
    expect(parseNote(`\n\n${line}\n`)?.text).toBe('\n');
    expect(parseNote(`x${line}\n`)).toBeUndefined();
    expect(parseNote(`text\n\n${line}x`)).toBeUndefined();
  });

  test('has signatures with a name of a key, and more than its id', () => {
    const of = (name: string, blob: string) => parseNote(`text\n\n— ${name} ${blob}\n`);
    expect(of('a', 'AAAAAAA=')?.signatures).toMatchObject([{ signature: Uint8Array.of(0) }]);
    expect(of('a', 'AAAAAA==')).toBeUndefined();
    expect(of('a', 'AAAAAAA')).toBeUndefined();
    expect(of('a+b', 'AAAAAAA=')).toBeUndefined();
  });

  test.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u0085b', '\ud800'])(
    'is not signed under the name %j',
    (name) => {
      expect(isKeyName(name)).toBe(false);
    },
  );

  test('is verified with a key of its own type and length alone', () => {
    const { verifierKey } = newSigner('log.example');
    expect(parseVerifierKey(verifierKey)?.name).toBe('log.example');
    expect(parseVerifierKey(verifierKey, 0x04)).toBeUndefined();
    expect(parseVerifierKey(`${verifierKey}AAAA`)).toBeUndefined();
    expect(parseVerifierKey(` ${verifierKey}`)).toBeUndefined();
    expect(parseVerifierKey(verifierKey.replace(/\+.{8}\+/, '+00000000+'))).toBeUndefined();
    expect(parseVerifierKey(`+${verifierKey}`)).toBeUndefined();
    expect(parseVerifierKey(`${verifierKey}\n`)).toBeUndefined();
    expect(parseVerifierKey('log.example+00000000+!')).toBeUndefined();
  });

  test('is verified with no key that only has the right id', async () => {
    const keyOf = (name: string, type: number, bytes: number) => {
      const raw = new Uint8Array(bytes).fill(9);
      const blob = Buffer.concat([Buffer.of(type), raw]).toString('base64');
      return parseVerifierKey(`${name}+${Buffer.from(keyIdOf(name, raw)).toString('hex')}+${blob}`);
    };
    expect(keyOf('a', 0x01, 32)?.name).toBe('a');
    expect(keyOf('a', 0x02, 32)).toBeUndefined();
    expect(keyOf('a', 0x01, 31)).toBeUndefined();
    expect(keyOf('a b', 0x01, 32)).toBeUndefined();
    expect(await isSignature(new Uint8Array(31), new Uint8Array(64), Buffer.from('x'))).toBe(false);
  });
});

describe('a cosignature', () => {
  const name = 'witness.example/w1';
  const text = 'ledger.example/log/1\n4\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n';
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const keyId = Buffer.from(keyIdOf(name, raw, COSIGNATURE_TYPE));
  const typed = Buffer.concat([Buffer.of(COSIGNATURE_TYPE), raw]).toString('base64');
  const keyText = `${name}+${keyId.toString('hex')}+${typed}`;
  const signedAt = (seconds: number) =>
    timedSignature(seconds, sign(null, cosignedBytes(seconds, text), privateKey));

  async function seen(blob: Uint8Array, about: { name?: string; text?: string; id?: Buffer } = {}) {
    const { name: by = name, text: of = text, id = keyId } = about;
    const line = `— ${by} ${Buffer.concat([id, blob]).toString('base64')}\n`;
    const note = parseNote(`${of}\n${line}`);
    const key = parseWitnessKey(keyText);
    if (note === undefined || key === undefined) throw new Error('no note or no key');
    return witnessedAt(note, key);
  }

  test('says when the witness has seen this checkpoint, and of no other', async () => {
    expect(await seen(signedAt(1_925_114_706))).toBe(1_925_114_706);
    expect(await seen(signedAt(7), { text: text.replace('4', '5') })).toBeUndefined();
    expect(await seen(signedAt(7), { name: 'witness.example/w2' })).toBeUndefined();
    expect(await seen(signedAt(7), { id: Buffer.alloc(4) })).toBeUndefined();
  });

  test('at another time, cut short or with a time past all numbers is none', async () => {
    const later = signedAt(7).with(7, 8);
    expect(await seen(later)).toBeUndefined();
    expect(await seen(signedAt(7).slice(0, -1))).toBeUndefined();
    expect(await seen(signedAt(7).slice(0, 8))).toBeUndefined();
    expect(await seen(signedAt(7).slice(0, 3))).toBeUndefined();
    expect(await seen(signedAt(2 ** 53))).toBeUndefined();
  });
});

describe('the text of a checkpoint', () => {
  const root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  test('may hold lines of others, and says where, how much and which root', () => {
    const head = { origin: 'o', size: 10, root: Buffer.from(root, 'base64') };
    for (const more of ['', 'ext 1\n', 'ext 1\next 2\n']) {
      const { size, origin, root: found } = parseTreeHead(`o\n10\n${root}\n${more}`) ?? {};
      expect({ size, origin, root: Buffer.from(found ?? []) }).toEqual(head);
    }
    expect(parseTreeHead(`o\n0\n${root}\n`)?.size).toBe(0);
    for (const other of [
      `o\n1\n${root}\n\n`,
      `o\n1\n${root}\n\nx\n`,
      `o\n1x\n${root}\n`,
      `o\nx1\n${root}\n`,
      `o\n1\nx\n`,
      'o\n1\n',
      'o',
      '',
    ]) {
      expect(parseTreeHead(other), other).toBeUndefined();
    }
  });
});

describe('bytes in text', () => {
  test('are read from the one text that they have', () => {
    expect(bytesFromBase64('AAE=')).toEqual(Uint8Array.of(0, 1));
    for (const other of ['AAE', 'AAF=', 'A AE=', ' AAE=', 'AAE=\n', 'AA-=']) {
      expect(bytesFromBase64(other)).toBeUndefined();
    }
    expect(hashFromHex('0a'.repeat(32))).toEqual(new Uint8Array(32).fill(10));
    for (const other of [
      '0A'.repeat(32),
      '0a'.repeat(31),
      `${'0a'.repeat(32)}\n`,
      `x${'0a'.repeat(32)}`,
    ]) {
      expect(hashFromHex(other)).toBeUndefined();
    }
    expect([31, 32, 33].map((length) => isHash(new Uint8Array(length)))).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('are equal byte for byte and in length', () => {
    const [one, longer] = [Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3)];
    expect(areEqual(one, Uint8Array.of(1, 2))).toBe(true);
    expect(areEqual(one, longer)).toBe(false);
    expect(areEqual(longer, one)).toBe(false);
    expect(areEqual(one, Uint8Array.of(1, 3))).toBe(false);
    expect(areEqual(one, Uint8Array.of(0, 2))).toBe(false);
  });
});

describe('the content of an entry', () => {
  test('is read from the canonical text alone, with its commitments apart', () => {
    const of = (text: string) => contentOf(Buffer.from(text));
    expect(of('{"a":{"b":1,"c":[{"d":null,"e":2}]},"sd":["x"]}')).toEqual({
      says: { a: { b: 1, c: [{ d: null, e: 2 }] } },
      commitments: ['x'],
    });
    for (const other of [
      '{"sd":["x"],"a":1}',
      '{"a":{"c":1,"b":2},"sd":[]}',
      '{"a":[{"c":1,"b":2}],"sd":[]}',
      '{"a":1, "sd":[]}',
      '{"a":1,"a":1,"sd":[]}',
      '\ufeff{"sd":[]}',
      '{"sd":["x",1]}',
      '{"sd":"x"}',
      '{}',
      '["sd"]',
      'null',
      'x',
    ]) {
      expect(of(other), other).toBeUndefined();
    }
    expect(contentOf(Buffer.from('7b2261223a22ff222c227364223a5b5d7d', 'hex'))).toBeUndefined();
  });
});

describe('DER', () => {
  test('holds elements in their order, and says when one is missing or left over', () => {
    const reader = openDer(der('30 06 02 01 05 04 01 07'));
    expect(reader.optional(TAG.bytes)).toBeUndefined();
    expect(integerOf(reader.next(TAG.integer))).toBe('5');
    expect(() => reader.end()).toThrow('something more');
    expect(reader.optional(TAG.bytes)?.content).toEqual(Buffer.of(7));
    reader.end();
    expect(() => reader.next(TAG.bytes)).toThrow('something missing');
    expect(
      openDer(der('30 06 02 01 05 04 01 07'))
        .rest()
        .map(({ tag }) => tag),
    ).toEqual([2, 4]);
    expect(() => openDer(der('30 03 02 01 05')).next(TAG.bytes)).toThrow('the tag 2 instead of 4');
    expect(() => openDer(der('02 01 05'))).toThrow('the tag 2 instead of 48');
  });

  test('of a long element has its length in the fewest bytes', () => {
    expect(der(`04 81 80 ${'00'.repeat(128)}`).content.length).toBe(128);
    expect(der(`04 82 01 00 ${'00'.repeat(256)}`).content.length).toBe(256);
    for (const [hex, what] of [
      [`04 81 7f ${'00'.repeat(127)}`, 'a padded length'],
      [`04 82 00 80 ${'00'.repeat(128)}`, 'a padded length'],
      ['04 80 00 00', 'a length of another form'],
      ['04 85 00 00 00 00 01 00', 'a length of another form'],
      ['04 02 00', 'an end too early'],
      ['04', 'an end too early'],
      ['1f 01 00', 'a tag of many bytes'],
      ['04 01 00 00', 'more than one element'],
    ] as const) {
      expect(() => der(hex), hex).toThrow(`not DER: ${what}`);
    }
  });

  test('names objects in dots, each arc in its one form', () => {
    expect(oidOf(der('06 06 2a 86 48 86 f7 0d'))).toBe('1.2.840.113549');
    expect(oidOf(der('06 01 27'))).toBe('0.39');
    expect(oidOf(der('06 01 28'))).toBe('1.0');
    expect(oidOf(der('06 02 88 37'))).toBe('2.999');
    expect(() => oidOf(der('06 00'))).toThrow('no object identifier');
    expect(() => oidOf(der('04 01 2a'))).toThrow('no object identifier');
    expect(() => oidOf(der('06 02 80 01'))).toThrow('a padded arc');
    expect(() => oidOf(der('06 03 2a 80 01'))).toThrow('a padded arc');
    expect(() => oidOf(der('06 02 2a 86'))).toThrow('an arc without an end');
    expect(() => oidOf(der('06 09 ff ff ff ff ff ff ff ff 7f'))).toThrow('an arc that is too long');
    // A zero within a longer arc pads nothing.
    expect(oidOf(der('06 04 2a 81 80 00'))).toBe('1.2.16384');
  });

  test('has integers that are not negative, without padding', () => {
    const of = (hex: string) => integerOf(der(hex));
    expect(['02 01 00', '02 01 7f', '02 02 00 80', '02 02 01 00'].map(of)).toEqual([
      '0',
      '7f',
      '80',
      '100',
    ]);
    expect(of('02 02 10 01')).toBe('1001');
    expect(() => of('02 00')).toThrow('no integer');
    expect(() => of('04 01 05')).toThrow('no integer');
    expect(() => of('02 01 80')).toThrow('a negative integer');
    expect(() => of('02 02 00 7f')).toThrow('a padded integer');
  });

  test('has times in UTC, whole seconds or with a fraction that does not end in zero', () => {
    const of = (text: string, tag = '18') =>
      timeOf(
        der(
          `${tag}${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`,
        ),
      );
    expect(of('20310102100506Z')).toBe('2031-01-02T10:05:06.000Z');
    expect(of('20310102100506.5Z')).toBe('2031-01-02T10:05:06.500Z');
    expect(of('20310102100506.123456Z')).toBe('2031-01-02T10:05:06.123Z');
    for (const other of [
      '20310102100506',
      '20310102100506.50Z',
      '203101021005Z',
      '20310102100506.Z',
      'x20310102100506Z',
      '20310102100506Zx',
    ]) {
      expect(() => of(other), other).toThrow('no time');
    }
    expect(() => of('20310102100506Z', '04')).toThrow('no time');
    expect(() => of('20311302100506Z')).toThrow('a time that is none');
  });
});
