/** The verifier of bundles, which a stranger runs: on bundles made without any store or service. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bundle } from '#contracts/ledger-evidence.ts';
import { disclosureDigest } from '#services/ledger/chain/entry.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
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
          parts.push(...report.failures.map(({ part, seq }) => [part, seq]));
        }
        expect(parts).toEqual([
          ['proof', 4],
          ['proof', 4],
          ['disclosure', 4],
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
    expect((await verify(forged)).failures[0]?.reason).toContain('another key');
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
      const entry = Buffer.from(each);
      const checkpoint = signer.note({ size: 1, root: leafHash(entry).toString('hex') });
      const { verifierKey: verifierKeyHint } = signer;
      const entries = [{ seq: 0, bytes: entry.toString('base64'), proof: [], disclosures: [] }];
      const report = await verify({
        format: 'watchdesk-bundle/1',
        checkpoint,
        verifierKeyHint,
        entries,
      });
      expect(report.failures, each.slice(0, 80)).toMatchObject([{ part: 'entry', seq: 0 }]);
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
      [[], 'no JSON object'],
      [null, 'no JSON object'],
      [{ ...good, format: 'watchdesk-bundle/2' }, 'watchdesk-bundle/1'],
      [{ ...good, note: 'the court finds' }, 'note is no field'],
      [{ ...good, checkpoint: 7 }, 'checkpoint'],
      [{ ...good, verifierKeyHint: undefined }, 'verifierKeyHint'],
      [{ ...good, entries: [] }, 'entries'],
      [{ ...good, entries: [...good.entries, ...good.entries] }, 'same seq twice'],
      [withFirst(good, () => ({ remark: 'guilty' })), 'entries[0].remark'],
      [withFirst(good, () => ({ seq: 0.5 })), 'entries[0].seq'],
      [withFirst(good, () => ({ bytes: 'not base64!' })), 'entries[0].bytes'],
      [withFirst(good, () => ({ proof: ['00'] })), 'entries[0].proof'],
      [withFirst(good, () => ({ disclosures: [1] })), 'entries[0].disclosures'],
      [withFirst(good, () => ({ expunged: 'yes' })), 'entries[0].expunged'],
    ];
    for (const [value, place] of cases) {
      const report = await verify(value);
      expect(report).toMatchObject({ ok: false, proved: [], failures: [{ part: 'bundle' }] });
      expect(report.failures[0]?.reason).toContain(place);
    }
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
