/** Where an entry says that it stands, and what is told of bytes that are not quite one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contentOf,
  contentText,
  entryText,
  parseEntry,
  prevIn,
  standingIn,
  standsAt,
  tryParseEntry,
  withPrev,
} from '#services/ledger/chain/entry.ts';
import { plainEvents, TENANT as tenant } from './plain.ts';

const prev = 'a'.repeat(64);
const other = 'b'.repeat(64);
const place = { seq: 7, recordedAt: '2031-01-02T10:05:07.000Z', prev };

const [event] = plainEvents(1);

function textOf(reason?: string, at = place): string {
  if (event === undefined) throw new Error('no event');
  return entryText(contentText(contentOf(reason === undefined ? event : { ...event, reason })), at);
}

const standing = (text: string) =>
  standsAt(Buffer.from(text, 'latin1'), { tenant, seq: place.seq, prev });

describe('the place of an entry', () => {
  test('is told by its own fields, also where the rest of it is damaged', () => {
    const damaged = textOf().replace('updated', 'upd\u00ffted');
    expect(standing(damaged)).toBe(true);
    expect(tryParseEntry(Buffer.from(damaged, 'latin1'))).toBeUndefined();
    // A brace behind it could hide another place: then all of it must be an entry.
    const braced = textOf('with {braces}');
    expect(standing(braced)).toBe(true);
    expect(standing(braced.replace('with', 'w\u00ffth'))).toBe(false);
  });

  test('is none when the leaf hash before has more digits than one', () => {
    expect(standing(textOf().replace(prev, `${prev}00`))).toBe(false);
    expect(standing(textOf().replace(prev, other))).toBe(false);
    expect(standing(textOf().replace(`"prev":"${prev}",`, ''))).toBe(false);
  });

  test('is looked for in each of many entries, within its own bytes alone', () => {
    const reason = 'Ü with {braces}, "prev":" and all';
    const texts = Array.from({ length: 3 }, (_, index) =>
      Buffer.from(textOf(reason, { ...place, seq: index })).toString('latin1'),
    );
    // Damaged, without a brace: only the next entry has one, right behind its end.
    const bare = textOf(undefined, { ...place, seq: 3 }).replace('updated', 'upd\u00ffted');
    const all = [...texts, bare, textOf(undefined, { ...place, seq: 4 })];
    const hashes = Buffer.from(prev + other, 'hex');
    const stands = standingIn({ bytes: Buffer.from(all.join(''), 'latin1'), tenant, hashes });
    let begin = 0;
    for (const [seq, text] of all.entries()) {
      const end = begin + text.length;
      expect(stands({ begin, end }, seq, 0), `entry ${seq}`).toBe(true);
      expect(stands({ begin, end }, seq, 32)).toBe(false);
      expect(stands({ begin, end }, seq + 1, 0)).toBe(false);
      expect(stands({ begin, end: end - 1 }, seq, 0)).toBe(false);
      begin = end;
    }
  });

  test('is for every entry what all of it says when it is parsed', () => {
    const part = fc.oneof(
      fc.constantFrom('{', '"prev":"', prev, other, '"', '\\', '}'),
      fc.string(),
    );
    const reasons = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('') || 'none');
    const property = fc.property(
      reasons,
      fc.constantFrom(prev, other),
      fc.nat(),
      (reason, at, seq) => {
        const bytes = Buffer.from(textOf(reason, { ...place, seq, prev: at }));
        const parsed = tryParseEntry(bytes);
        expect(standsAt(bytes, { tenant, seq, prev })).toBe(parsed?.prev === prev);
        expect(standsAt(bytes, { tenant, seq: seq + 1, prev: at })).toBe(false);
      },
    );
    fc.assert(property);
  });

  test('is none for the end of an entry, wherever that is cut off', () => {
    const text = textOf();
    const hashes = Buffer.from(prev, 'hex');
    const stands = standingIn({ bytes: Buffer.from(text, 'latin1'), tenant, hashes });
    const end = text.length;
    for (const key of ['"prev"', '"recordedAt"', ',"seq"', ',"tenant"']) {
      const begin = text.indexOf(key);
      expect(stands({ begin, end }, place.seq, 0), key).toBe(false);
      expect(standing(text.slice(begin)), key).toBe(false);
    }
    expect(stands({ begin: 0, end }, place.seq, 0)).toBe(true);
  });
});

describe('bytes that are not quite an entry', () => {
  test('say that they are not canonical, where they are well formed', () => {
    const good = textOf();
    expect(parseEntry(Buffer.from(good)).seq).toBe(place.seq);
    for (const bad of [`${good} `, good.replace(',', ', '), good.replace('"v":1', '"v":1.0')]) {
      expect(() => parseEntry(Buffer.from(bad))).toThrow('the entry is not canonical');
    }
  });

  test('are none with a byte order mark before them', () => {
    expect(tryParseEntry(Buffer.from(`\ufeff${textOf()}`))).toBeUndefined();
  });

  test('still tell the leaf hash before, if they have one', () => {
    expect(prevIn(Buffer.from(textOf().replace('{', '\u00ff')))).toBe(prev);
    for (const none of ['', 'none', `"prev":"${prev.slice(1)}"`, `"prev":"${prev}0"`]) {
      expect(prevIn(Buffer.from(none))).toBeUndefined();
    }
  });

  test('with another leaf hash before are the same but for that', () => {
    const reason = 'Übung, 東京';
    const bytes = Buffer.from(textOf(reason));
    expect(withPrev(bytes, other)).toEqual(Buffer.from(textOf(reason, { ...place, prev: other })));
  });
});
