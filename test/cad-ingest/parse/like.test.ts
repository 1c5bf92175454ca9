import { expect, test } from 'vitest';
import { compileLike, matchesLike } from '#services/cad-ingest/parse/like.ts';

function matches(pattern: string, text: string): boolean {
  return matchesLike(compileLike(pattern), text.toLowerCase());
}

test.each([
  ['long term cad#', 'INCIDENT\nLONG TERM CAD# 4', true],
  ['^call:', 'CALL: FIRE', true],
  ['^call:', 'RECALL: FIRE', false],
  ['cleared$', 'CAD CLEARED ', true],
  ['cleared$', 'CLEARED by E91', false],
  ['call:*addr:', 'CALL: X ADDR: Y', true],
  ['call:*addr:', 'ADDR: Y CALL: X', false],
  ['cad: %-%', 'Cad: 2031-0000042', true],
  ['cad: %-%', 'Cad: none', false],
  ['^& f ', 'STRU12 F FIRE', true],
  ['^@>', 'TRAF>ACCIDENT', true],
  ['a b', 'A \n\t B', true],
  ['\\**\\*', 'one * two * three', true],
  ['\\**\\*', 'one * two', false],
  ['automatic r\\&r', 'Automatic R&R', true],
])('%s in %j', (pattern, text, found) => {
  expect(matches(pattern, text)).toBe(found);
});
