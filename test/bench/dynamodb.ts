import { randomBytes } from 'node:crypto';
import { openTables } from '#shared/aws/tables.ts';
import type { Json, Row, Tables } from '#shared/ports/tables.ts';
import { openFixture } from '#test/ledger/fixture.ts';
import { awsAt, dynamo, type Engine } from '#test/support/aws-engines.ts';
import { makeTable } from '#test/support/aws-resources.ts';
import { smallEvents } from './ledger-events.ts';
import type { Figure, Table } from './table.ts';

/** Batches of each size, after as many that make keys and fill caches. */
const BATCHES = 40;
const SIZES = [1, 10, 100, 256];
const ENTRY_BYTES = 300;
const UNITS_MAX = '<= 0.35';

interface Used {
  units: number;
  writes: number;
}

/** Write units by the engine's own count (ConsumedCapacity), which is how DynamoDB bills them. */
export async function benchDynamodb(): Promise<readonly Table[]> {
  if (!dynamo.isThere()) {
    return [{ title: `Left out: ${dynamo.name} is not installed`, rows: [] }];
  }
  await using engine = await dynamo.start();
  const measured = [];
  for (const size of SIZES) measured.push({ size, ...(await measureSize(engine, size)) });
  const [appended, blocks] = [measured.flatMap(appendedRows), measured.flatMap(blockRows)];
  return [
    { title: 'Write units of an append on DynamoDB, everything that it writes', rows: appended },
    {
      title: `Write units of one block of ${ENTRY_BYTES} B entries, nothing compressed`,
      rows: blocks,
    },
  ];
}

interface Measured {
  readonly size: number;
  readonly append: Used;
  readonly blockUnits: number;
  readonly headerBytes: number;
}

function appendedRows({ size, append }: Measured): Figure[] {
  const of = `batches of ${size}`;
  return [
    { what: `writes, ${of}`, value: append.writes / BATCHES, unit: 'each' },
    { what: `write units, ${of}`, value: append.units / (BATCHES * size), unit: 'per entry' },
  ];
}

function blockRows({ size, blockUnits, headerBytes }: Measured): Figure[] {
  const aimed = size >= 100 ? { target: UNITS_MAX } : {};
  return [
    { what: `${size} entries`, value: blockUnits / size, unit: 'per entry', ...aimed },
    { what: `${size} entries, of it its header`, value: headerBytes, unit: 'B' },
  ];
}

async function measureSize(
  engine: Engine,
  size: number,
): Promise<Pick<Measured, 'append' | 'blockUnits' | 'headerBytes'>> {
  const used = { units: 0, writes: 0 };
  await using tables = await openCounted(engine, `bench-${size}`, used);
  await using fixture = await openFixture();
  await using log = await fixture.open(tables);
  const append = async () => {
    for (let batch = 0; batch < BATCHES; batch += 1) {
      await log.append(smallEvents(fixture.tenant, size));
    }
  };
  await append();
  const before = { ...used };
  await append();
  const after = { units: used.units - before.units, writes: used.writes - before.writes };
  const header = await lastHeader(tables, fixture.tenant);
  const blockUnits = await unitsOfBlock(engine, { header, size });
  return { append: after, blockUnits, headerBytes: JSON.stringify(header).length };
}

async function openCounted(engine: Engine, table: string, used: Used): Promise<Tables> {
  const aws = awsAt(engine);
  await makeTable(aws, table);
  return openTables({
    aws,
    table,
    clock: Date.now,
    consumed({ write }) {
      used.units += write;
      used.writes += write > 0 ? 1 : 0;
    },
  });
}

async function lastHeader(tables: Tables, tenant: string): Promise<Json> {
  const rows: readonly Row[] = await tables
    .forTenant(tenant)
    .list({ kind: 'block', limit: 1, descending: true });
  return rows[0]?.value ?? null;
}

/** The write that commits a block, with its real header and a body that no compression makes smaller. */
async function unitsOfBlock(
  engine: Engine,
  { header, size }: { readonly header: Json; readonly size: number },
): Promise<number> {
  const used = { units: 0, writes: 0 };
  // A table of its own: the log goes on writing what it derives.
  await using tables = await openCounted(engine, `block-${size}`, used);
  const bytes = randomBytes(size * ENTRY_BYTES);
  const put = { kind: 'block', id: '0'.padStart(16, '0'), value: header, bytes };
  await tables.forTenant('platform').write({
    changes: [{ put, expect: 0 }],
    events: [],
    unaudited: 'a measurement',
  });
  return used.units;
}
