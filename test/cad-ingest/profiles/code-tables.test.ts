import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  codeTableNames,
  readCadCodeTables,
  replaceCadCodeTables,
} from '#contracts/cad-code-tables.ts';
import type { InputOf } from '#contracts/operation.ts';
import { csvOf, tablesIn } from '#services/cad-ingest/profiles/code-table-csv.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Department, type Desk, department, disclosed, openDesk } from '../intake/desk.ts';
import { dispatchMail } from '../intake/mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

type Body = InputOf<typeof replaceCadCodeTables>['body'];

function wishes({ admin }: Department) {
  return {
    read: (id: string) => desk.client.call(readCadCodeTables, { params: { id }, query: {} }, admin),
    replace: (id: string, body: Body, options = {}) =>
      desk.client.call(replaceCadCodeTables, { params: { id }, body }, admin, options),
  };
}

describe('code tables', () => {
  test('translate the next mail before it is judged, the source’s before the department’s', async () => {
    const own = department(desk);
    const { replace } = wishes(own);
    const source = await own.source();
    await replace('department', {
      city: { FRV: 'Fairview', OAK: 'Oakdale' },
      nature: { STF1: 'Structure fire' },
    });
    await replace(source.id, { city: { FRV: 'Fairvale' } });
    const body = 'CALL: STF1\r\nADDR: 12 MILL RD\r\nCITY: FRV\r\nID: 31-900\r\n';
    await desk.send(dispatchMail({ body }), source.address);
    const [incident] = await own.incidentsOnce(1);
    expect(incident).toMatchObject({ nature: 'Structure fire', code: 'STF1', city: 'Fairvale' });
    const { draft } = await own.messageOnce('processed');
    expect(draft?.translated).toEqual({ nature: 'STF1', city: 'FRV' });
    expect(draft?.unsure).not.toContain('nature');
  });

  test('are versioned: who knows an old version changes nothing', async () => {
    const own = department(desk);
    const { read, replace } = wishes(own);
    expect((await read('department')).body).toMatchObject({ version: 0, tables: {} });
    const early = replace('department', { city: { A: 'Alder' } }, { ifMatch: 1 });
    await expect(early).rejects.toMatchObject({ code: 'version-mismatch' });
    await replace('department', { city: { A: 'Alder' } });
    const second = await replace('department', { city: { A: 'Aspen' } }, { ifMatch: 1 });
    expect(second.version).toBe(2);
    const stale = replace('department', { city: { A: 'Alder' } }, { ifMatch: 1 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    expect((await read('department')).body.tables).toEqual({ city: { A: 'Aspen' } });
    const events = await until(
      'the events',
      async () => desk.events.filter(({ tenant }) => tenant === own.tenant),
      (all) => all.length === 2,
    );
    expect(events[1]).toMatchObject({
      action: 'cad-ingest.code-table.replaced',
      actor: { id: own.admin.subject.id },
      object: { id: 'department', version: 2 },
    });
    expect(disclosed(events[1])).toHaveProperty('sha256.before');
  });

  test('come in as lines of a spreadsheet and go out as such', async () => {
    const { read, replace } = wishes(department(desk));
    const csv = 'table,code,words\r\ncity,FRV,Fairvale\r\nunits,E7,"Engine 7, ""Old Lady"""\r\n';
    const { body } = await replace('department', { csv });
    expect(body.tables).toEqual({
      city: { FRV: 'Fairvale' },
      units: { E7: 'Engine 7, "Old Lady"' },
    });
    expect((await read('department')).body.csv).toBe(csv);
  });

  test.each([
    ['city,FRV', 'line 1 must have a table, a code and its words'],
    ['table,code,words\ntown,FRV,Fairvale', 'line 2 must begin with one of: city, nature'],
    ['city,FRV,Fairvale\ncity,FRV,Fairview', 'line 2 must not give a code a second time'],
    ['city,FRV,"Fairvale', 'line 1 must close the quotes that it opens'],
  ])('the line %j is refused with its number', async (csv, detail) => {
    const { replace } = wishes(department(desk));
    await expect(replace('department', { csv })).rejects.toMatchObject({
      particulars: {
        errors: [{ pointer: '#/body/csv', detail: expect.stringContaining(detail) }],
      },
    });
  });

  test('are those of the own department, changed by its administrators', async () => {
    const own = department(desk);
    const source = await own.source();
    const stranger = wishes(department(desk));
    await expect(stranger.read(source.id)).rejects.toMatchObject({ code: 'not-found' });
    const replaced = stranger.replace(source.id, { city: {} });
    await expect(replaced).rejects.toMatchObject({ code: 'not-found' });
    const supervisor = person({ tenant: own.tenant, roles: ['supervisor'] });
    const params = { id: source.id };
    await desk.client.call(readCadCodeTables, { params, query: {} }, supervisor);
    const refused = desk.client.call(replaceCadCodeTables, { params, body: {} }, supervisor);
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
  });
});

test('whatever stands in tables, their lines say the same', () => {
  const cell = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .map((text) => text.trim())
    .filter((text) => text !== '' && text !== 'code' && text !== '__proto__');
  const table = fc.dictionary(cell, cell, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
  const tables = fc.dictionary(fc.constantFrom(...codeTableNames), table, {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(tables, (given) => {
      const read = tablesIn(csvOf(given));
      expect(read).toEqual({ ok: true, tables: given });
    }),
    { numRuns: 200 },
  );
});

test('any text is read or refused by a line, and nothing throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'city') }), (csv) => {
      const read = tablesIn(csv);
      if (!read.ok) expect(read.line).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
