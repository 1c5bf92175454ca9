import { createPrivateKey, createSecretKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { decide, offer } from '#services/ledger/chain/append.ts';
import {
  type BlockHeader,
  blockHeader,
  entriesOf,
  headerHash,
  isIntact,
  sealedOf,
} from '#services/ledger/chain/block.ts';
import { checkpointText } from '#services/ledger/chain/checkpoint.ts';
import {
  contentOf,
  contentText,
  entryText,
  type Place,
  parseEntry,
} from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, followBlock, headAfter, makeBlock } from '#services/ledger/chain/head.ts';
import { signedNote, verifierKeyOf } from '#services/ledger/chain/note.ts';
import { openDisclosures, type SealSubject, sealDisclosures } from '#services/ledger/chain/seal.ts';
import { openGroup, sealBlock } from '#services/ledger/chain/seal-block.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { parseVerifierKey } from '#services/ledger/portable/note.ts';
import { verifyNote } from '#services/ledger/portable/verify.ts';

/** Written once. Where code and file disagree, the code is wrong: stored logs have these bytes. */
function read<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(`vectors/own/${name}`, import.meta.url), 'utf8'));
}

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const textOf = (event: AuditEvent) => contentText(contentOf(event));

describe('the bytes of version 1', () => {
  const entries =
    read<{ event: AuditEvent; place: Place; identity: string; entry: string; leafHash: string }[]>(
      'entries.json',
    );

  test.each(entries.map((vector) => [vector.place.seq, vector] as const))(
    'entry %i and its leaf hash',
    (_, { event, place, identity, entry, leafHash: leaf }) => {
      expect(entryText(textOf(event), place)).toBe(entry);
      expect(textOf(event).identity).toBe(identity);
      expect(leafHash(Buffer.from(entry)).toString('hex')).toBe(leaf);
      expect(parseEntry(Buffer.from(entry))).toMatchObject({ ...place, id: event.id });
    },
  );

  test('sealed values', () => {
    const vector = read<{
      key: string;
      keyId: string;
      nonce: string;
      subject: SealSubject;
      disclosures: string[];
      sealed: string;
    }>('sealed.json');
    const { subject, disclosures } = vector;
    const key = { id: bytes(vector.keyId), key: createSecretKey(bytes(vector.key)) };
    const sealed = sealDisclosures({ key, nonce: bytes(vector.nonce), subject, disclosures });
    expect(sealed.toString('hex')).toBe(vector.sealed);
    expect(openDisclosures({ key, subject, sealed })).toEqual(disclosures);
    for (const other of [
      { ...subject, tenant: 'platform' },
      { ...subject, eventId: '01890f3e-7b1a-7000-8000-000000000003' },
      { ...subject, record: 'incident/i-2' },
    ]) {
      expect(() => openDisclosures({ key, subject: other, sealed })).toThrow();
    }
  });

  test('sealed values of a block whose events share records', () => {
    const vector = read<{
      tenant: string;
      keys: Record<string, { id: string; key: string }>;
      nonces: string;
      events: { record: string; eventId: string; disclosures: string[] }[];
      sealed: string[];
    }>('sealed-block.json');
    const { tenant, events } = vector;
    const keyOf = (record: string) => {
      const { id = '', key = '' } = vector.keys[record] ?? {};
      return { id: bytes(id), key: createSecretKey(bytes(key)) };
    };
    const values = events.map((event) => ({ ...event, key: keyOf(event.record) }));
    const sealed = sealBlock({ tenant, events: values, nonces: bytes(vector.nonces) });
    expect(sealed.map((each) => each.toString('hex'))).toEqual(vector.sealed);
    const shared = events.filter(({ record }) => record === 'incident/i-1');
    const eventIds = shared.map(({ eventId }) => eventId);
    const group = { key: keyOf('incident/i-1'), tenant, record: 'incident/i-1', eventIds };
    expect(openGroup({ ...group, sealed: bytes(vector.sealed[0] ?? '') })).toEqual(
      shared.map(({ disclosures }) => disclosures),
    );
  });

  test('blocks: the small one as it is made, the packed one as it is read', () => {
    const [small, packed] =
      read<
        {
          events: AuditEvent[];
          sealed: string[];
          recordedAt: string;
          writer: string;
          header: BlockHeader;
          body: string;
        }[]
      >('blocks.json');
    if (small === undefined || packed === undefined) throw new Error('no vectors');
    const made = makeBlock({
      head: EMPTY_HEAD,
      contents: small.events.map(textOf),
      sealed: small.sealed.map(bytes),
      recordedAt: small.recordedAt,
      writer: small.writer,
    });
    expect(made.header).toEqual(small.header);
    expect(Buffer.from(made.body).toString('hex')).toBe(small.body);
    // Another zstd may pack the same entries into other bytes: those of the file must be readable.
    const block = { header: blockHeader.parse(packed.header), body: bytes(packed.body) };
    expect(isIntact(block)).toBe(true);
    expect(headerHash(block.header)).toBe(block.header.hash);
    expect(sealedOf(block).map((each) => each.bytes.toString('hex'))).toEqual(packed.sealed);
    const followed = followBlock(headAfter(made.header), block);
    expect(followed.head).toEqual(headAfter(block.header));
    const remade = makeBlock({
      head: headAfter(made.header),
      contents: packed.events.map(textOf),
      sealed: packed.sealed.map(bytes),
      recordedAt: packed.recordedAt,
      writer: packed.writer,
    });
    expect(remade.entries).toEqual(entriesOf(block));
    expect(remade.header).toMatchObject({ root: block.header.root, leaf: block.header.leaf });
  });

  test('a checkpoint, its note and its verifier key', async () => {
    const vector = read<{
      seed: string;
      origin: string;
      size: number;
      root: string;
      text: string;
      note: string;
      verifierKey: string;
    }>('note.json');
    const { origin, size, root, note, verifierKey } = vector;
    const text = checkpointText({ origin, size, root });
    expect(text).toBe(vector.text);
    const publicKey = parseVerifierKey(verifierKey)?.publicKey ?? Buffer.alloc(0);
    const signature = sign(null, Buffer.from(text), privateKeyOf(vector.seed));
    expect(signedNote(text, { name: origin, publicKey }, signature)).toBe(note);
    expect(verifierKeyOf({ name: origin, publicKey })).toBe(verifierKey);
    const verdict = await verifyNote({ checkpoint: note, verifierKey });
    expect(verdict).toMatchObject({ ok: true, head: { origin, size } });
  });

  test('the entry that tells of a conflict: the same pair has the same id for ever', () => {
    const { first, second, now, salt, event } = read<{
      first: AuditEvent;
      second: AuditEvent;
      now: string;
      salt: string;
      event: AuditEvent;
    }>('conflict.json');
    const offered = [first, second].map(offer);
    const { entries } = decide({ offered, known: new Map(), now, salt: () => salt });
    expect(entries[1]?.event).toEqual(event);
  });
});

/** RFC 8410 section 7: the seed in the fixed frame of PKCS #8. */
function privateKeyOf(seed: string) {
  const frame = '302e020100300506032b657004220420';
  return createPrivateKey({ key: bytes(frame + seed), format: 'der', type: 'pkcs8' });
}
