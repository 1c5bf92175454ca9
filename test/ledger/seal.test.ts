/** Sealed values below any log: what opens them, what they are called by, and how long they get. */
import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  destructionIn,
  FIELDS_DESTROYED,
  KEY_BYTES,
  KEY_ID_BYTES,
  keyIdOf,
  NONCE_BYTES,
  openDisclosures,
  RECORD_DESTROYED,
  type RecordKey,
  recordOf,
  sealDisclosures,
  sealedLength,
  sealedUnder,
} from '#services/ledger/chain/seal.ts';

const newKey = (): RecordKey => ({
  id: randomBytes(KEY_ID_BYTES),
  key: createSecretKey(randomBytes(KEY_BYTES)),
});
const key = newKey();
const subject = { tenant: 't', eventId: 'e', record: 'incident/i-1' };
const seal = (disclosures: readonly string[]) =>
  sealDisclosures({ key, nonce: randomBytes(NONCE_BYTES), subject, disclosures });

describe('sealed values', () => {
  const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{1,80}$/);

  test('open to what was sealed, have the length that was foretold, and name their key', () => {
    fc.assert(
      fc.property(fc.array(base64url, { minLength: 1, maxLength: 6 }), (disclosures) => {
        const sealed = seal(disclosures);
        expect(sealed.length).toBe(sealedLength(disclosures));
        expect(keyIdOf(sealed)).toEqual(key.id);
        expect(openDisclosures({ key, subject, sealed })).toEqual(disclosures);
      }),
      { numRuns: 30 },
    );
  });

  test('have the form that is stored, byte for byte', () => {
    const id = '0011223344556677';
    const fixed = { id: Buffer.from(id, 'hex'), key: createSecretKey(Buffer.alloc(KEY_BYTES, 7)) };
    const sealed = sealDisclosures({
      key: fixed,
      nonce: Buffer.alloc(NONCE_BYTES, 9),
      subject,
      disclosures: ['WyJzIiwiYSIsMV0', 'WyJzIiwiYiIsMl0'],
    });
    // Made by another program: AES-256-GCM over both joined by `~`, with the subject as JSON beside.
    const text = '70fcceeef799b608f931824babbc93a183c929897d8780a936c70fd598183';
    const rest = '1b71d8b5780e93d7120123c1897bfb8ab';
    expect(sealed.toString('hex')).toBe(`${id}${'09'.repeat(12)}${text}${rest}`);
  });

  test('do not open for another subject, another key, or with any bit changed', () => {
    const sealed = seal(['WyJzIiwiYSIsMV0']);
    for (const other of [
      { ...subject, tenant: 'u' },
      { ...subject, eventId: 'f' },
      { ...subject, record: 'incident/i-2' },
    ]) {
      expect(() => openDisclosures({ key, subject: other, sealed })).toThrow();
    }
    expect(() => openDisclosures({ key: newKey(), subject, sealed })).toThrow();
    // Who altered the id of the key has not altered the values: their reader looks for that key.
    for (let at = KEY_ID_BYTES; at < sealed.length; at += 1) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(() => openDisclosures({ key, subject, sealed: altered }), `byte ${at}`).toThrow();
    }
  });

  test('that are shorter than any say that they are cut short; the shortest are looked at', () => {
    const shortest = KEY_ID_BYTES + NONCE_BYTES + 16;
    const open = (length: number) =>
      openDisclosures({ key, subject, sealed: seal(['x'.repeat(50)]).subarray(0, length) });
    for (const length of [0, 8, 20, shortest - 1]) {
      expect(() => open(length), `${length} bytes`).toThrow('sealed values are cut short');
    }
    expect(() => open(shortest)).toThrow(/authenticate/);
  });
});

describe('the name of the key', () => {
  const object = { type: 'incident', id: 'i-1' };

  test('is that of the record, but for the fact that its values were destroyed', () => {
    const under = (action: string) => sealedUnder({ action, object });
    expect(under('core-records.incident.updated')).toBe('incident/i-1');
    expect(under('expunged.incident.updated')).toBe('incident/i-1');
    for (const action of [RECORD_DESTROYED, FIELDS_DESTROYED, 'files.file.expunged']) {
      expect(under(action)).toBe('expunged:incident/i-1');
    }
  });

  test('is the id as it is where a row can have it, and else its hash', () => {
    const named = (id: string) => recordOf({ object: { type: 'unit', id } });
    expect(named('E 7~!')).toBe('unit/E 7~!');
    for (const id of ['a\u001f', '\u001fa', 'a\u007f', 'Ü7', '\u007f\u0000']) {
      expect(named(id)).toMatch(/^unit\/[0-9a-f]{64}$/);
    }
    expect(named('\ud800')).toBe(named('\ufffd'));
  });
});

describe('an entry', () => {
  const taken = (text: string) => destructionIn(Buffer.from(text));

  test('says what was destroyed with its key by the action that stands first in it', () => {
    expect(taken(`{"action":"${RECORD_DESTROYED}","actor":{}}`)).toBe('record');
    expect(taken(`{"action":"${FIELDS_DESTROYED}","actor":{}}`)).toBe('fields');
    for (const other of [
      '{"action":"files.file.expunged","actor":{}}',
      `{"action":"${RECORD_DESTROYED}2","actor":{}}`,
      `{"a":1,"action":"${RECORD_DESTROYED}",`,
      '',
    ]) {
      expect(taken(other), other).toBeUndefined();
    }
  });

  test('that is very short, or stands at the end of other bytes, is looked at alone', () => {
    const around = Buffer.from(`xx{"action":"${FIELDS_DESTROYED}",`);
    expect(destructionIn(around.subarray(2))).toBe('fields');
    expect(destructionIn(around.subarray(2, 20))).toBeUndefined();
    expect(destructionIn(new Uint8Array([0x7b, 0x7d]))).toBeUndefined();
  });
});
