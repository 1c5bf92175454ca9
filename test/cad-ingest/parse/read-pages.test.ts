import { expect, test } from 'vitest';
import { readPages } from '#services/cad-ingest/parse/read-pages.ts';

function call(number: string, address: string): string {
  return `Incident Number: ${number}
Call Type: CHEST PAIN
Address: ${address}
City: FAIRVALE
`;
}

function addresses(body: string): (string | undefined)[] {
  return readPages({ body }, []).map((draft) => draft.fields.address);
}

test('a mail with two calls gives two drafts', () => {
  const body = `${call('31-000042', '12 MILL RD')}\n${call('31-000043', '200 QUARRY LN')}`;
  expect(addresses(body)).toEqual(['12 MILL RD', '200 QUARRY LN']);
});

test('headings part calls as well', () => {
  const body = `EVENT SUMMARY\n${call('31-000042', '12 MILL RD')}\nEVENT SUMMARY\n${call('31-000043', '9 ELM ST')}`;
  expect(addresses(body)).toEqual(['12 MILL RD', '9 ELM ST']);
});

test('stacked pages of one call are one draft', () => {
  const body = `${call('31-000042', '12 MILL RD')}\n${call('31-000042', '12 MILL RD')}`;
  expect(addresses(body)).toEqual(['12 MILL RD']);
});

test('of stacked pages the later ones add what is new', () => {
  const later = call('31-000042', '12 MILL RD').replace('City', 'Units: E91, T91\nCity');
  const [draft, ...others] = readPages(
    { body: `${call('31-000042', '12 MILL RD')}\n${later}` },
    [],
  );
  expect(others).toEqual([]);
  expect(draft?.fields).toMatchObject({ address: '12 MILL RD', units: ['E91', 'T91'] });
});

test('a mail of nothing but HTML is cut into its calls as well', () => {
  const html = [call('31-000042', '12 MILL RD'), call('31-000043', '200 QUARRY LN')]
    .map((page) => `<p>${page.trim().replaceAll('\n', '<br>')}</p>`)
    .join('');
  const drafts = readPages({ body: '', html: `<html><body>${html}</body></html>` }, []);
  expect(drafts.map(({ fields }) => fields.address)).toEqual(['12 MILL RD', '200 QUARRY LN']);
});

test('a label that comes again inside a page parts nothing', () => {
  const body = `Comments: caller hung up\nNature: FIRE\nAddress: 12 MILL RD\nComments: called back`;
  expect(addresses(body)).toEqual(['12 MILL RD']);
});

test('a page of one call is read as ever', () => {
  expect(addresses(call('31-000042', '12 MILL RD'))).toEqual(['12 MILL RD']);
  expect(readPages({ body: '' }, [])).toHaveLength(1);
});
