/** The pure decision of a purge, and archives without any store. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEDGER_RETENTION_DAYS_MIN } from '#contracts/retention.ts';
import { contentOf, contentText } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { consistencyPath, growEdge, rootOf } from '#services/ledger/chain/tree.ts';
import { type Candidate, PURGE_ENTRIES_MAX, planPurge } from '#services/ledger/retention/purge.ts';
import { newSigner } from './bundle-fixture.ts';
import { eventsOf } from './fixture.ts';
import { verified } from './purging.ts';

const PAGE = 256;
const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW = new Date('2033-01-02T03:04:05.678Z');
const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS).toISOString();

const log = fc.record({
  pages: fc.integer({ min: 0, max: 400 }),
  firstPage: fc.integer({ min: 0, max: 40 }),
  published: fc.integer({ min: 0, max: 400 * PAGE }),
  window: fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined }),
  holds: fc.array(fc.constant({ id: 'a hold' }), { maxLength: 1 }),
  /** Which pages begin with a block, and how old they are. */
  ends: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 }),
  youngestDays: fc.integer({ min: 0, max: 900 }),
});

describe('what a purge may remove', () => {
  test('is never held, younger than a year or the window, unpublished, the newest page, or too much', () => {
    fc.assert(
      fc.property(log, ({ pages, firstPage, published, window, holds, ends, youngestDays }) => {
        const firstKept = firstPage * PAGE;
        const sizes = [...new Set(ends)].filter((end) => end > firstPage && end <= pages);
        const candidates: Candidate[] = sizes
          .toSorted((one, other) => one - other)
          .map((end) => ({ size: end * PAGE, recordedAt: ago(youngestDays + (400 - end) * 2) }));
        const rules = { holds, ...(window && { window: { days: window } }) };
        const about = { firstKept, candidates, publishedSize: published, pages, rules, now: NOW };
        const { end } = planPurge(about);
        if (end === undefined) return;
        expect(rules.window).toBeDefined();
        expect(holds).toEqual([]);
        const chosen = candidates.find(({ size }) => size === end);
        const days = Math.max(LEDGER_RETENTION_DAYS_MIN, window ?? 0);
        expect(chosen !== undefined && chosen.recordedAt < ago(days)).toBe(true);
        expect(end).toBeLessThanOrEqual(published);
        expect(end).toBeLessThanOrEqual((pages - 1) * PAGE);
        expect(end - firstKept).toBeLessThanOrEqual(PURGE_ENTRIES_MAX);
        // Nothing longer would have done.
        const next = candidates.find(({ size }) => size > end);
        if (next === undefined) return;
        const isAllowed =
          next.recordedAt < ago(days) &&
          next.size <= published &&
          next.size <= (pages - 1) * PAGE &&
          next.size - firstKept <= PURGE_ENTRIES_MAX;
        expect(isAllowed).toBe(false);
      }),
    );
  });

  test('a window shorter than a year does not pass the floor', () => {
    const about = { firstKept: 0, publishedSize: PAGE, pages: 9, now: NOW };
    const rules = { window: { days: 1 }, holds: [] };
    const planOf = (recordedAt: string) =>
      planPurge({ ...about, rules, candidates: [{ size: PAGE, recordedAt }] });
    expect(planOf(ago(LEDGER_RETENTION_DAYS_MIN))).toMatchObject({ limit: { code: 'too-young' } });
    expect(planOf(ago(LEDGER_RETENTION_DAYS_MIN)).end).toBeUndefined();
    expect(planOf(ago(LEDGER_RETENTION_DAYS_MIN + 1)).end).toBe(PAGE);
  });

  test.each([
    ['no-window', { rules: { holds: [] } }],
    ['held', { rules: { window: { days: 400 }, holds: [{ id: 'x' }] } }],
    ['not-published', { publishedSize: 10 }],
    ['newest-page', { pages: 1 }],
    ['no-whole-blocks', { candidates: [] }],
    ['no-whole-blocks', { candidates: [{ size: PURGE_ENTRIES_MAX + PAGE, recordedAt: ago(900) }] }],
    [
      'one-purge',
      {
        candidates: [PURGE_ENTRIES_MAX, PURGE_ENTRIES_MAX + PAGE].map((size) => ({
          size,
          recordedAt: ago(900),
        })),
      },
    ],
  ])('says why not more: %s', (code, different) => {
    const plan = planPurge({
      firstKept: 0,
      candidates: [{ size: PAGE, recordedAt: ago(900) }],
      publishedSize: 1_000_000,
      pages: 1_000,
      rules: { window: { days: 400 }, holds: [] },
      now: NOW,
      ...different,
    });
    expect(plan.limit.code).toBe(code);
  });
});

describe('an archive', () => {
  const signer = newSigner();
  const { entries, leaves } = makeBlock({
    head: EMPTY_HEAD,
    contents: eventsOf('01900000-0000-7000-8000-000000000000', 12).map((event) =>
      contentText(contentOf(event)),
    ),
    sealed: Array.from({ length: 12 }, () => new Uint8Array(4)),
    recordedAt: '2031-01-02T10:05:06.789Z',
    writer: 'w',
  });

  /** Of entries `[first, end)`, proved by the tree of all twelve. */
  function archiveOf(first: number, end: number, different: object = {}): string[] {
    const edge = growEdge(EMPTY_HEAD.edge, leaves.slice(0, first));
    const rootOver = (begin: number, stop: number) => {
      // A complete subtree, or the end of the tree: both are trees of their own leaves.
      return rootOf(growEdge(EMPTY_HEAD.edge, leaves.slice(begin, stop)));
    };
    const head = {
      format: 'watchdesk-archive/1',
      first,
      count: end - first,
      prev: leaves[first - 1]?.toString('hex') ?? '0'.repeat(64),
      edge: edge.hashes.map((hash) => hash.toString('hex')),
      checkpoint: signer.note({ size: 12, root: rootOver(0, 12) }),
      verifierKeyHint: signer.verifierKey,
      consistency: consistencyPath(end, 12).map((range) => rootOver(range.begin, range.end)),
      ...different,
    };
    return [JSON.stringify(head), ...entries.slice(first, end).map(String), ''];
  }
  const check = (lines: readonly string[]) =>
    verified(Buffer.from(lines.join('\n')), signer.verifierKey);

  test('of any part of the log verifies with the key and nothing else', async () => {
    for (let first = 0; first < 12; first += 1) {
      for (let end = first + 1; end <= 12; end += 1) {
        const report = await check(archiveOf(first, end));
        expect(report, `${first} to ${end}`).toMatchObject({
          ok: true,
          proved: { first, count: end - first },
        });
      }
    }
  });

  test('names the entry that was altered, left out, doubled or moved', async () => {
    const lines = archiveOf(2, 8);
    const swapped = [...lines.slice(0, 3), lines[4] ?? '', lines[3] ?? '', ...lines.slice(5)];
    for (const [bad, seq] of [
      [lines.toSpliced(3, 1), 4],
      [lines.toSpliced(3, 0, lines[3] ?? ''), 5],
      [swapped, 4],
      [lines.slice(0, 5), 6],
      [[...lines.slice(0, -1), lines[2] ?? '', ''], 8],
      [
        lines.map((line, at) =>
          at === 3 ? line.replace('"outcome":"success"', '"outcome":"failure"') : line,
        ),
        4,
      ],
    ] as const) {
      expect(await check(bad)).toMatchObject({ ok: false, seq });
    }
  });

  test('does not verify with another key, edge, proof, or a word that nothing proves', async () => {
    const other = newSigner();
    const bytes = Buffer.from(archiveOf(4, 8).join('\n'));
    expect(await verified(bytes, other.verifierKey)).toMatchObject({ ok: false });
    for (const different of [
      { edge: ['a'.repeat(64)] },
      { edge: [] },
      { prev: 'a'.repeat(64) },
      { consistency: [] },
      { remark: 'all is well' },
      { count: 3 },
      { first: 5 },
      { format: 'watchdesk-archive/2' },
    ]) {
      const report = await check(archiveOf(4, 8, different));
      expect(report.ok, JSON.stringify(different)).toBe(false);
      expect(report.reason).toBeDefined();
    }
  });

  test('any bytes at all: an answer, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect((await verified(bytes, signer.verifierKey)).ok).toBe(false);
      }),
    );
    const lines = archiveOf(0, 12).join('\n');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: lines.length - 2 }), async (at) => {
        const cut = Buffer.from(lines.slice(0, at));
        expect((await verified(cut, signer.verifierKey)).ok).toBe(false);
      }),
    );
  });
});
