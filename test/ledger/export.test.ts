import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { type ExportFormat, exportFormats } from '#contracts/ledger-exports.ts';
import { contentText, entryText } from '#services/ledger/chain/entry.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { cefText } from '#services/ledger/export/cef.ts';
import type { ExportCheckpoint } from '#services/ledger/export/exported.ts';
import { type ExportSource, exportPart, partText } from '#services/ledger/export/part.ts';

const TENANT = '019af000-0000-7000-8000-000000000001';
const checkpoint: ExportCheckpoint = {
  origin: 'ledger.example/log/00',
  size: 9,
  root: 'ab'.repeat(32),
  note: 'ledger.example/log/00\n9\nq6ur\n\n— ledger.example/log/00 c2ln\n',
  verifierKey: 'ledger.example/log/00+00000000+AQ==',
};

type Telling = Pick<LedgerEntry, 'action' | 'object'> & Partial<LedgerEntry>;

function entryOf(seq: number, telling: Telling): LedgerEntry {
  return {
    v: 1,
    tenant: TENANT,
    seq,
    id: `019af000-0000-7000-8000-0000000001${String(seq).padStart(2, '0')}`,
    at: '2031-01-02T10:05:06.789Z',
    recordedAt: '2031-01-02T10:05:07.001Z',
    actor: { type: 'user', id: 'u-1', name: 'Kim Doe', address: '192.0.2.7', session: 's-1' },
    outcome: 'success',
    requestId: 'r-1',
    sd: [hash('sha256', `${seq}`, 'base64url')],
    prev: '0'.repeat(64),
    ...telling,
  };
}

/** One of each family, and what a format could trip over. */
const entries = [
  entryOf(0, { action: 'gateway.session.created', object: { type: 'session', id: 's-1' } }),
  entryOf(1, {
    action: 'gateway.session.refused',
    object: { type: 'user', id: 'u-2' },
    outcome: 'refused',
    reason: 'wrong\nuser=admin|role\\root\r"é\u2028',
    actor: { type: 'anonymous', id: 'anonymous', address: '2001:db8::7', agent: 'a=b|c\\d' },
  }),
  entryOf(2, {
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: 'i-1', version: 3 },
    actor: { type: 'key', id: 'k-1', via: 'cad-ingest' },
  }),
  entryOf(3, {
    action: 'gateway.user.deactivated',
    object: { type: 'user', id: 'u-3', version: 2 },
    reason: 'left the department',
  }),
  entryOf(4, { action: 'ledger.entry.searched', object: { type: 'ledger', id: TENANT } }),
  entryOf(5, {
    action: 'files.operation.refused',
    object: { type: 'operation', id: 'files.file.read' },
    outcome: 'refused',
    reason: 'needs files:read',
  }),
  entryOf(6, {
    action: 'core-records.incident.proposed',
    object: { type: 'incident', id: 'i-2' },
    // With a commitment for each of many fields an entry is longer than a custom string may be.
    sd: Array.from({ length: 100 }, (_, index) => hash('sha256', `f${index}`, 'base64url')).sort(),
    actor: { type: 'service', id: 'cad-ingest' },
  }),
  entryOf(7, {
    action: 'ledger.command.blocked',
    object: { type: 'command', id: 'c-1' },
    outcome: 'refused',
    reason: 'rule paging/night',
    actor: { type: 'key', id: 'k-2', name: 'radio' },
  }),
];

function bytesOf(entry: LedgerEntry): Buffer {
  return Buffer.from(entryText(contentText(entry), entry));
}

function entryAt(seq: number): LedgerEntry {
  const entry = entries[seq];
  if (entry === undefined) throw new Error(`there is no entry ${seq}`);
  return entry;
}

function logOf(all: readonly LedgerEntry[]): ExportSource {
  const stored = all.map((entry) => ({ bytes: bytesOf(entry) }));
  return {
    firstKept: () => 0,
    size: () => all.length,
    checkpoint: async (size) => (all.length === 0 ? undefined : { ...checkpoint, size }),
    blocks: {
      async *range(begin, end) {
        yield* stored.slice(begin, end);
      },
    },
  };
}

async function textOf(format: ExportFormat, limit = 100, begin = 0): Promise<string> {
  return partText(format, await exportPart(logOf(entries), { format, begin, limit }));
}

// What a department's collector is set up for must not change unnoticed. After a wanted change, run
// the tests once with UPDATE_GOLDEN=1 and review the difference.
test.each(exportFormats)('%s is the golden one', async (format) => {
  const golden = new URL(`golden/export.${format}.txt`, import.meta.url);
  const text = await textOf(format);
  if (process.env.UPDATE_GOLDEN === '1') {
    await mkdir(new URL('.', golden), { recursive: true });
    await writeFile(golden, text);
  }
  expect(text).toBe(await readFile(golden, 'utf8'));
});

describe('in every format', () => {
  test.each(exportFormats)('%s has one line for an entry, whatever is in it', async (format) => {
    const lines = (await textOf(format)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(entries.length + (format === 'jsonl' ? 1 : 0));
  });

  test.each(exportFormats)('%s names sequence, id, leaf hash and checkpoint', async (format) => {
    const lines = (await textOf(format)).split('\n');
    for (const [seq, entry] of entries.entries()) {
      expect(lines[seq]).toContain(leafHash(bytesOf(entry)).toString('hex'));
      expect(lines[seq]).toContain(entry.id);
      expect(lines[seq]).toMatch(new RegExp(`("seq":|"sequence":|cn1=)${seq}\\b`));
      expect(lines[seq]).toContain(format === 'jsonl' ? checkpoint.root : 'q6ur');
    }
  });
});

describe('jsonl', () => {
  test('holds the bytes that were hashed', async () => {
    const [line = ''] = (await textOf('jsonl', 1, 1)).split('\n');
    const text = /"entry":(.*)\}$/s.exec(line)?.[1] ?? '';
    expect(Buffer.from(text)).toEqual(bytesOf(entryAt(1)));
  });

  test('ends with what stands before it and the checkpoint that covers it', async () => {
    const end = JSON.parse((await textOf('jsonl', 3, 2)).trimEnd().split('\n').at(-1) ?? '');
    expect(end).toEqual({ count: 3, first: 2, last: 4, checkpoint: { ...checkpoint, size: 5 } });
  });

  test('is one line for nothing new, and for an empty ledger', async () => {
    expect(JSON.parse(await textOf('jsonl', 3, entries.length))).toMatchObject({
      count: 0,
      checkpoint: {},
    });
    const part = await exportPart(logOf([]), { format: 'jsonl', begin: 0, limit: 3 });
    expect(JSON.parse(partText('jsonl', part))).toEqual({ count: 0, checkpoint: null });
    expect(part.isMore).toBe(false);
  });
});

describe('ocsf', () => {
  test.each([
    [0, 3002, 1, 1],
    [1, 3002, 1, 2],
    [2, 6003, 3, 1],
    [3, 3004, 3, 1],
    [4, 6005, 4, 1],
    [5, 6003, 99, 2],
    [6, 6003, 1, 1],
  ])('entry %i is of class %i, activity %i, status %i', async (seq, uid, activity, status) => {
    const event = JSON.parse((await textOf('ocsf')).split('\n')[seq] ?? '');
    expect(event).toMatchObject({
      class_uid: uid,
      category_uid: Math.floor(uid / 1000),
      activity_id: activity,
      type_uid: uid * 100 + activity,
      status_id: status,
    });
  });

  test('raw_data is the entry that was hashed', async () => {
    for (const [seq, line] of (await textOf('ocsf')).trimEnd().split('\n').entries()) {
      const event = JSON.parse(line);
      const entry = entries[seq];
      expect(JSON.parse(event.raw_data)).toEqual(entry);
      expect(event.raw_data_hash.value).toBe(hash('sha256', event.raw_data));
      expect(leafHash(Buffer.from(event.raw_data)).toString('hex')).toBe(event.unmapped.leaf_hash);
      expect(event.metadata).toMatchObject({ uid: entry?.id, sequence: seq, tenant_uid: TENANT });
    }
  });
});

describe('cef', () => {
  test('an entry that is too long for a custom string is left out, not cut', async () => {
    const line = (await textOf('cef')).split('\n')[6] ?? '';
    const { extension } = parseCef(line);
    expect(extension.cs4).toBeUndefined();
    expect(extension.cs5).toBe(hash('sha256', bytesOf(entryAt(6))));
  });

  test('an entry comes back out of its line', async () => {
    for (const [seq, line] of (await textOf('cef')).trimEnd().split('\n').slice(0, 6).entries()) {
      const { header, extension } = parseCef(line);
      expect(header).toHaveLength(7);
      expect(JSON.parse(extension.cs4 ?? '')).toEqual(entries[seq]);
      expect(extension.cs2).toBe(checkpoint.note);
      expect(extension.reason).toBe(entries[seq]?.reason);
    }
  });

  const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
  const tricky = fc.string({
    unit: fc.constantFrom('\\', '|', '=', '\n', '\r', ' ', 'n', 'cs1'),
    minLength: 1,
  });

  test('no value can end its field or begin another one', () => {
    const fields = fc.uniqueArray(
      fc.tuple(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,12}$/), fc.oneof(value, tricky)),
      { selector: ([key]) => key, minLength: 1, maxLength: 8 },
    );
    const headers = fc.array(fc.oneof(value, tricky), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(headers, fields, (header, pairs) => {
        const line = cefText(header, pairs);
        expect(line).not.toMatch(/[\r\n]/);
        const parsed = parseCef(line);
        expect(parsed.extension).toEqual(Object.fromEntries(pairs));
        expect(parsed.header.slice(1)).toEqual(
          header.map((each) => each.replaceAll(/[\r\n]+/g, ' ')),
        );
      }),
    );
  });
});

describe('a part', () => {
  const long = Array.from({ length: 60 }, (_, seq) =>
    entryOf(seq, {
      action: 'core-records.incident.updated',
      object: { type: 'incident', id: 'i-1' },
      reason: '"'.repeat(1_000),
      sd: Array.from({ length: 128 }, () => 'A'.repeat(43)),
    }),
  );

  test.each(exportFormats)(
    'of %s fits a message of the bus, and the parts make the whole',
    async (format) => {
      const lines: string[] = [];
      let begin = 0;
      for (let isMore = true; isMore; ) {
        const part = await exportPart(logOf(long), { format, begin, limit: 1_000 });
        expect(part.first).toBe(begin);
        expect(part.count).toBe(part.lines.length);
        expect(part.checkpoint?.size).toBeGreaterThanOrEqual(begin + part.count);
        expect(Buffer.byteLength(JSON.stringify(partText(format, part)))).toBeLessThan(600_000);
        lines.push(...part.lines);
        begin += part.count;
        isMore = part.isMore;
      }
      expect(lines).toHaveLength(long.length);
    },
  );
});

/** Reads a line as the format's own rules say, without anything of what wrote it. */
function parseCef(line: string): { header: string[]; extension: Record<string, string> } {
  const header: string[] = [];
  let field = '';
  let at = 0;
  for (; at < line.length && header.length < 7; at += 1) {
    const character = line.charAt(at);
    if (character === '\\') {
      at += 1;
      field += line.charAt(at);
    } else if (character === '|') {
      header.push(field);
      field = '';
    } else field += character;
  }
  const extension: Record<string, string> = {};
  const keys = [...line.slice(at).matchAll(/(?:^| )([a-zA-Z][a-zA-Z0-9]*)(?<!\\)=/g)];
  for (const [index, match] of keys.entries()) {
    const begin = (match.index ?? 0) + match[0].length;
    const end = keys[index + 1]?.index ?? line.length - at;
    const raw = line.slice(at).slice(begin, end);
    const letters: Record<string, string> = { n: '\n', r: '\r' };
    extension[match[1] ?? ''] = raw.replaceAll(
      /\\(.)/gs,
      (_, each: string) => letters[each] ?? each,
    );
  }
  return { header, extension };
}
