/**
 * `npm run bench [-- ledger gateway cad dynamodb] [--large] [--logs DIR] [--json FILE]`: figures as ratios inside one run,
 * because absolute ones drift with the machine. Nothing here passes or fails.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchCad } from './cad.ts';
import { benchDynamodb } from './dynamodb.ts';
import { benchGateway } from './gateway.ts';
import { benchLedger } from './ledger.ts';
import { printTable, type Table } from './table.ts';

/** `large`: also what takes a quarter of an hour to build. `logs`: where it is kept for the next run. */
type Bench = (settings: {
  readonly large: boolean;
  readonly logs: string | undefined;
}) => Promise<readonly Table[]>;

const benches: Readonly<Record<string, Bench>> = {
  cad: benchCad,
  dynamodb: benchDynamodb,
  gateway: benchGateway,
  ledger: benchLedger,
};

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'string' },
    large: { type: 'boolean', default: false },
    logs: { type: 'string' },
  },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const tables: Table[] = [];
for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) {
    process.stderr.write(`There is no bench "${name}": ${Object.keys(benches).join(', ')}.\n`);
    process.exit(2);
  }
  for (const table of await bench({ large: values.large, logs: values.logs })) {
    printTable(table);
    tables.push(table);
  }
}
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ tables }, null, 2));
