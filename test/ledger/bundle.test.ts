/** The verifier of bundles, which a stranger runs: on bundles made without any store or service. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bundle } from '#contracts/ledger-evidence.ts';
import { disclosureDigest } from '#services/ledger/chain/entry.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { parseBundle } from '#services/ledger/portable/bundle.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { auditEventOf } from '#shared/audit.ts';
import { person } from '#test/support/host.ts';
import { bundleOver, newSigner } from './bundle-fixture.ts';
import { eventsOf } from './fixture.ts';
import { flipped } from './tamper.ts';

const tenant = '01890000-0000-7000-8000-000000000001';
const signer = newSigner();

function eventWith(fields: Readonly<Record<string, string | number | null>>) {
  return auditEventOf({
    caller: person({ tenant, roles: ['officer'] }),
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: 'i-1', version: 1 },
    changes: Object.entries(fields).map(([field, after]) => ({ field, after })),
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

const NO_PROOF = 'The proof does not lead from this entry to the root of the checkpoint.';
const NOT_COMMITTED = 'The entry does not commit to this disclosure.';

const verify = (bundle: unknown, verifierKey = signer.verifierKey) =>
  verifyBundle({ text: JSON.stringify(bundle), verifierKey });

function nameIn(disclosure: string): string {
  return JSON.parse(Buffer.from(disclosure, 'base64url').toString())[1];
}

/** The bundle with its first entry changed. */
function withFirst(bundle: Bundle, change: (first: Bundle['entries'][number]) => object): unknown {
  const [first, ...rest] = bundle.entries;
  if (first === undefined) throw new Error('an empty bundle');
  return { ...bundle, entries: [{ ...first, ...change(first) }, ...rest] };
}

/** A bundle of this one entry, whose bytes the log holds. */
function bundleOf(text: string, disclosures: readonly string[] = []) {
  const entry = Buffer.from(text);
  const checkpoint = signer.note({ size: 1, root: leafHash(entry).toString('hex') });
  const entries = [{ seq: 0, bytes: entry.toString('base64'), proof: [], disclosures }];
  const { verifierKey: verifierKeyHint } = signer;
  return { format: 'watchdesk-bundle/1', checkpoint, verifierKeyHint, entries };
}

/** The entry, committed to a disclosure of these bytes. */
function committing(text: string, disclosed: string | Buffer) {
  const disclosure = Buffer.from(disclosed).toString('base64url');
  const entry = text.replace(/"sd":\[[^\]]*\]/, `"sd":["${disclosureDigest(disclosure)}"]`);
  return { entry, disclosures: [disclosure] };
}

describe('a bundle', () => {
  test('verifies for any tree and choice, and tells what was disclosed and how much was not', async () => {
    const choice = fc
      .integer({ min: 1, max: 70 })
      .chain((size) =>
        fc.tuple(
          fc.constant(size),
          fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: 8 }),
          fc.subarray(['nature', 'address', 'caller']),
        ),
      );
    await fc.assert(
      fc.asyncProperty(choice, async ([size, seqs, names]) => {
        const fields = { nature: 'FIRE', address: '1 ELM ST', caller: null };
        const events = Array.from({ length: size }, () => eventWith(fields));
        const shown = (each: string) => names.includes(nameIn(each));
        const report = await verify(bundleOver({ signer, events, seqs, shown }));
        expect(report).toMatchObject({ ok: true, failures: [], checkpoint: { size } });
        expect(report.proved.map(({ seq }) => seq)).toEqual(seqs);
        for (const { seq, says, disclosed, hidden } of report.proved) {
          expect(says).toMatchObject({ seq, id: events[seq]?.id, tenant });
          expect(says).not.toHaveProperty('sd');
          expect(disclosed.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
          expect(hidden).toBe(3 - names.length);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('holds nothing of what it hides', () => {
    const events = [eventWith({ nature: 'FIRE', caller: 'JANE DOE 555-0100' })];
    const shown = (each: string) => nameIn(each) === 'nature';
    const bundle = bundleOver({ signer, events, seqs: [0], shown });
    const [hidden = ''] = events[0]?.disclosures.filter((each) => !shown(each)) ?? [];
    const text = JSON.stringify(bundle);
    const salt = JSON.parse(Buffer.from(hidden, 'base64url').toString())[0];
    for (const secret of [hidden, salt, 'JANE', 'caller']) expect(text).not.toContain(secret);
    const bytes = Buffer.from(bundle.entries[0]?.bytes ?? '', 'base64').toString();
    expect(bytes).toContain(disclosureDigest(hidden));
    expect(bytes).not.toContain('caller');
  });

  test('fails when any bit of an entry, a proof or a disclosure is another', async () => {
    const events = eventsOf(tenant, 9);
    const bundle = bundleOver({ signer, events, seqs: [4, 6] });
    const flip = (text: string, encoding: 'base64' | 'base64url' | 'hex', bit: number) => {
      const bytes = Buffer.from(text, encoding);
      return flipped(bytes, bit % (bytes.length * 8)).toString(encoding);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (bit, which) => {
        const entry = withFirst(bundle, ({ bytes }) => ({ bytes: flip(bytes, 'base64', bit) }));
        const proof = withFirst(bundle, (first) => ({
          proof: first.proof.map((each, index) =>
            index === which % first.proof.length ? flip(each, 'hex', bit) : each,
          ),
        }));
        const value = withFirst(bundle, ({ disclosures: [one = ''] }) => ({
          disclosures: [flip(one, 'base64url', bit)],
        }));
        const parts = [];
        for (const altered of [entry, proof, value]) {
          const report = await verify(altered);
          expect(report.ok).toBe(false);
          // The other entry is proved all the same, and the altered one is named.
          expect(report.proved.map(({ seq }) => seq)).toEqual([6]);
          parts.push(...report.failures);
        }
        expect(parts).toEqual([
          { part: 'proof', seq: 4, reason: NO_PROOF },
          { part: 'proof', seq: 4, reason: NO_PROOF },
          { part: 'disclosure', seq: 4, disclosure: 0, reason: NOT_COMMITTED },
        ]);
      }),
      { numRuns: 60 },
    );
  });

  test('fails for another value, name or salt, and for a disclosure of another entry', async () => {
    const events = eventsOf(tenant, 3);
    const bundle = bundleOver({ signer, events, seqs: [0, 1] });
    const [one = ''] = events[0]?.disclosures ?? [];
    const [salt, name, value] = JSON.parse(Buffer.from(one, 'base64url').toString());
    const remade = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const lists = [
      [remade([salt, name, { after: 'ALARM' }])],
      [remade([salt, 'address', value])],
      [remade([salt.toLowerCase(), name, value])],
      [...(events[1]?.disclosures ?? [])],
      [one, one],
      [`${one}=`],
    ];
    expect(remade([salt, name, value])).toBe(one);
    const twice = await verify(withFirst(bundle, () => ({ disclosures: [one, one] })));
    const reason = 'The same disclosure is given twice.';
    expect(twice.failures).toEqual([{ part: 'disclosure', seq: 0, disclosure: 1, reason }]);
    for (const disclosures of lists) {
      const report = await verify(withFirst(bundle, () => ({ disclosures })));
      expect(report.failures, disclosures.join()).toMatchObject([{ part: 'disclosure', seq: 0 }]);
      expect(report.ok).toBe(false);
    }
  });

  test('fails when entries or their proofs stand in each other’s places', async () => {
    const bundle = bundleOver({ signer, events: eventsOf(tenant, 8), seqs: [2, 3] });
    const [one, two] = bundle.entries;
    if (one === undefined || two === undefined) throw new Error('no entries');
    const swaps = [
      [
        { ...one, seq: 3 },
        { ...two, seq: 2 },
      ],
      [
        { ...one, proof: two.proof },
        { ...two, proof: one.proof },
      ],
      [
        { ...one, bytes: two.bytes },
        { ...two, bytes: one.bytes },
      ],
    ];
    for (const entries of swaps) {
      const report = await verify({ ...bundle, entries });
      expect(report.failures.map(({ part, seq }) => [part, seq])).toEqual([
        ['proof', entries[0]?.seq],
        ['proof', entries[1]?.seq],
      ]);
      expect(report.proved).toEqual([]);
    }
  });

  test('fails for another key, another log, an altered note; the hint proves nothing', async () => {
    const events = eventsOf(tenant, 4);
    const bundle = bundleOver({ signer, events, seqs: [1] });
    const stranger = newSigner();
    // The same entries under a checkpoint that somebody else has signed, whose key is the hint.
    const forged = bundleOver({ signer: stranger, events, seqs: [1] });
    expect(await verify(forged, stranger.verifierKey)).toMatchObject({ ok: true });
    const root = bundle.checkpoint.split('\n')[2] ?? '';
    const altered = [
      forged,
      { ...bundle, checkpoint: bundle.checkpoint.replace('\n4\n', '\n5\n') },
      {
        ...bundle,
        checkpoint: bundle.checkpoint.replace(root, Buffer.alloc(32).toString('base64')),
      },
      { ...bundle, checkpoint: bundle.checkpoint.split('\n\n')[0] },
      {
        ...bundle,
        checkpoint: newSigner('other.example/log/1').note({ size: 4, root: '00'.repeat(32) }),
      },
    ];
    for (const each of altered) {
      const report = await verify(each);
      expect(report.failures).toMatchObject([{ part: 'checkpoint' }]);
      expect(report).toMatchObject({ ok: false, proved: [] });
      expect(report.checkpoint).toBeUndefined();
    }
    const reason = 'The key has not signed this checkpoint.';
    const hint = ' Its maker names another key than the one given.';
    expect((await verify(forged)).failures).toEqual([
      { part: 'checkpoint', reason: `${reason}${hint}` },
    ]);
    const hinted = { ...forged, verifierKeyHint: signer.verifierKey };
    expect((await verify(hinted)).failures).toEqual([{ part: 'checkpoint', reason }]);
    expect(await verify({ ...bundle, verifierKeyHint: stranger.verifierKey })).toMatchObject({
      ok: true,
    });
  });

  test('fails for bytes that the log holds but that are no canonical entry for this place', async () => {
    const [good] = bundleOver({ signer, events: eventsOf(tenant, 1), seqs: [0] }).entries;
    const text = Buffer.from(good?.bytes ?? '', 'base64').toString();
    const held = [
      text.replace('"seq":0', '"seq":1'),
      text.replace('"v":1', '"v":2'),
      text.replace('{"action"', '{ "action"'),
      // Two readers would read two things.
      text.replace('{"action"', '{"action":"core-records.incident.voided","action"'),
      text.replace(/"sd":\[[^\]]*\]/, '"sd":"none"'),
      '[]',
      '['.repeat(60_000),
      '',
    ];
    for (const each of held) {
      const report = await verify(bundleOf(each));
      const reason = 'The log holds these bytes, but they are no entry for this place.';
      expect(report.failures, each.slice(0, 80)).toEqual([{ part: 'entry', seq: 0, reason }]);
      expect(report.proved).toEqual([]);
    }
  });

  test('tells all of what an entry says, and each value that it commits to', async () => {
    const [good] = bundleOver({ signer, events: eventsOf(tenant, 1), seqs: [0] }).entries;
    const text = Buffer.from(good?.bytes ?? '', 'base64').toString();
    const given = (...parts: unknown[]) => committing(text, JSON.stringify(parts));
    const { entry, disclosures } = given('salt', 'nature', { after: 'é' });
    const { sd: _, ...says } = JSON.parse(entry);
    const leaf = leafHash(Buffer.from(entry)).toString('hex');
    const disclosed = [{ name: 'nature', value: { after: 'é' } }];
    expect(await verify(bundleOf(entry, disclosures))).toEqual({
      ok: true,
      failures: [],
      checkpoint: { origin: 'ledger.example/log/0123', size: 1, root: leaf },
      proved: [{ seq: 0, leafHash: leaf, says, disclosed, hidden: 0 }],
    });
    const others = [
      given('salt', 'nature'),
      given('salt', 'nature', 1, 2),
      given(7, 'nature', 1),
      given('salt', 7, 1),
      committing(text, '"abc"'),
      committing(text, '{"length":3}'),
      committing(text, 'no JSON'),
      committing(text, Buffer.from('5b2273222c226e222c22ff225d', 'hex')),
    ];
    for (const other of others) {
      const report = await verify(bundleOf(other.entry, other.disclosures));
      const reason = 'The entry commits to it, but it is no salt, name and value.';
      expect(report.failures, other.disclosures.join()).toEqual([
        { part: 'disclosure', seq: 0, disclosure: 0, reason },
      ]);
      expect(report.proved).toEqual([]);
    }
  });

  test('keeps the lines of witnesses, which are neither proof nor offence', async () => {
    const bundle = bundleOver({ signer, events: eventsOf(tenant, 4), seqs: [1] });
    const line = `— witness.example/w1 ${Buffer.alloc(76, 7).toString('base64')}\n`;
    expect(await verify({ ...bundle, checkpoint: bundle.checkpoint + line })).toMatchObject({
      ok: true,
    });
  });

  test('that is none is refused with the place named, whatever it is', async () => {
    const good = bundleOver({ signer, events: eventsOf(tenant, 2), seqs: [0] });
    const cases: [unknown, string][] = [
      [[], 'The file is no JSON object.'],
      [null, 'The file is no JSON object.'],
      ['text', 'The file is no JSON object.'],
      [
        { ...good, format: 'watchdesk-bundle/2' },
        'The file does not have the format watchdesk-bundle/1.',
      ],
      [{ ...good, note: 'the court finds' }, 'note is no field of a bundle.'],
      [{ ...good, checkpoint: 7 }, 'checkpoint is no text.'],
      [{ ...good, verifierKeyHint: undefined }, 'verifierKeyHint is no text.'],
      [{ ...good, entries: [] }, 'entries is no list of 1 to 1000.'],
      [{ ...good, entries: { length: 1 } }, 'entries is no list of 1 to 1000.'],
      [
        { ...good, entries: [...good.entries, ...good.entries] },
        'entries names the same seq twice.',
      ],
      [{ ...good, entries: ['text'] }, 'entries[0] is no object.'],
      [{ ...good, entries: [...good.entries, null] }, 'entries[1] is no object.'],
      [withFirst(good, () => ({ remark: 'guilty' })), 'entries[0].remark is no field of an entry.'],
    ];
    for (const [value, reason] of cases) {
      const failures = [{ part: 'bundle', reason }];
      expect(await verify(value)).toEqual({ ok: false, proved: [], failures });
    }
  });

  test('whose entries hold anything else than they should is refused by field', async () => {
    const good = bundleOver({ signer, events: eventsOf(tenant, 2), seqs: [0] });
    const hash = '0a'.repeat(32);
    const fields: [string, string, unknown[]][] = [
      ['seq', 'is no sequence number.', [0.5, -1, 2 ** 53, '0']],
      ['bytes', 'is no base64.', ['not base64!', 7]],
      [
        'proof',
        'is no list of up to 64 hashes in hex.',
        [['00'], [hash, 7], hash, Array(65).fill(hash)],
      ],
      [
        'disclosures',
        'is no list of up to 1000 texts.',
        [['a', 1], 'a', Array(1_001).fill('a'), undefined],
      ],
      ['expunged', 'is neither true nor absent.', ['yes', null]],
    ];
    for (const [field, what, values] of fields) {
      for (const value of values) {
        const report = await verify(withFirst(good, () => ({ [field]: value })));
        const reason = `entries[0].${field} ${what}`;
        expect(report.failures, reason).toEqual([{ part: 'bundle', reason }]);
      }
    }
  });

  test('may be as large as the limits say, and no larger', () => {
    const good = bundleOver({ signer, events: eventsOf(tenant, 1), seqs: [0] });
    const parsed = (bundle: unknown) => parseBundle(JSON.stringify(bundle));
    const [first] = good.entries;
    const entries = (count: number) =>
      Array.from({ length: count }, (_, seq) => ({ ...first, seq }));
    expect(parsed({ ...good, entries: entries(1_000) }).ok).toBe(true);
    expect(parsed({ ...good, entries: entries(1_001) }).ok).toBe(false);
    const full = { proof: Array(64).fill('0a'.repeat(32)), disclosures: Array(1_000).fill('a') };
    expect(parsed(withFirst(good, () => full)).ok).toBe(true);
    const padded = JSON.stringify(good).padEnd(16 * 1024 * 1024);
    expect(parseBundle(padded).ok).toBe(true);
    const reason = 'The file is too large for a bundle.';
    expect(parseBundle(`${padded} `)).toEqual({ ok: false, reason });
  });

  test('says of an entry that its values were expunged, or does not', () => {
    const good = bundleOver({ signer, events: eventsOf(tenant, 1), seqs: [0] });
    const said = (change: object) => {
      const parsed = parseBundle(JSON.stringify(withFirst(good, () => change)));
      return parsed.ok && parsed.bundle.entries.map(({ expunged }) => expunged);
    };
    expect([said({}), said({ expunged: true })]).toEqual([[false], [true]]);
  });

  test('never throws, for any JSON and any text', async () => {
    const { verifierKey } = signer;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        expect((await verifyBundle({ text, verifierKey })).ok).toBe(false);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.string(), async (key) => {
        const bundle = bundleOver({ signer, events: eventsOf(tenant, 1), seqs: [0] });
        expect((await verify(bundle, key)).failures).toMatchObject([{ part: 'checkpoint' }]);
      }),
      { numRuns: 20 },
    );
  });
});
