import { expect, test } from 'vitest';
import { readPage, readPageInFull } from '#services/cad-ingest/parse/read-page.ts';
import { joinBroken } from '#services/cad-ingest/parse/text/broken-words.ts';

test.each([
  ['12 MILL R D ARLOW', '12 MILL RD ARLOW'],
  ['12 MILL S T', '12 MILL ST'],
  ['12 MILL AV ENUE', '12 MILL AV ENUE'],
  ['12 MILL BOULEVA RD ARLOW', '12 MILL BOULEVA RD ARLOW'],
  ['12 MILL LAN E', '12 MILL LANE'],
  ['12 MILL RD BETWEE N ELM ST', '12 MILL RD BETWEEN ELM ST'],
  ['4995 .00 MILL RD', '4995.00 MILL RD'],
  ['12 MILL RD GREENVIL LE', '12 MILL RD GREENVILLE'],
  ['12 MILL RD LAKE C LAYMONT', '12 MILL RD LAKE CLAYMONT'],
  // Whole words stay as they are.
  ['12 LAKE WOOD DR', '12 LAKE WOOD DR'],
  ['12 S MILL ST E', '12 S MILL ST E'],
  ['GAS LEAK IN THE BASE MENT', 'GAS LEAK IN THE BASE MENT'],
])('%s becomes %s', (broken, mended) => {
  expect(joinBroken(broken, ['Greenville', 'LAKE CLAYMONT', 'LAKEWOOD'])).toBe(mended);
});

test('a town of the code table is known though a blank stands inside it', () => {
  const body =
    '[E91]- NATURE: GAS LEAK LOCATION: 12 MILL RD GREENVIL LE BETWEE N ELM ST / OAK AVE COMMENTS: ODOR';
  const tables = { city: { GRN: 'GREENVILLE' } };
  const { fields } = readPageInFull({ body }, { profiles: [], tables });
  expect(fields).toMatchObject({
    address: '12 MILL RD',
    city: 'GREENVILLE',
    crossStreets: ['ELM ST', 'OAK AVE'],
  });
});

test('pages of other products keep their blanks', () => {
  const { fields } = readPage(
    { body: 'Address: 12 MILL RD\nNature: GAS LEAK\nNotes: S T SIGN' },
    [],
  );
  expect(fields.narrative).toBe('S T SIGN');
});
