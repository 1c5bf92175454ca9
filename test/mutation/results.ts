import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from './messages.ts';

/** Outside of the tree: what was found of each file, and what tests leave on the disk. */
export const scratch = join(tmpdir(), 'watchdesk-mutation');

/** What can change a verdict. A run that was stopped goes on only while all of it stays as it was. */
const SOURCES = ['contracts', 'shared', 'services/ledger', 'test/ledger', 'test/support'];

export function treeHash(): string {
  const hash = createHash('sha256');
  for (const path of globSync(SOURCES.map((folder) => `${folder}/**/*.ts`)).toSorted()) {
    hash.update(`${path}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Verdicts of one file, a line each behind that of the tree they hold for. */
export interface Results {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  add(verdict: Verdict): void;
}

/** Those found last, whatever the tree was. */
export function readResults(file: string): ReadonlyMap<string, Verdict> {
  const path = pathOf(file);
  if (!existsSync(path)) return new Map();
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as Verdict).map((each) => [each.id, each]));
}

/** Goes on with what there is of the same tree; otherwise begins anew. */
export function openResults(file: string, tree: string): Results {
  const path = pathOf(file);
  mkdirSync(scratch, { recursive: true });
  const isSame = existsSync(path) && readFileSync(path, 'utf8').startsWith(`${tree}\n`);
  if (!isSame) writeFileSync(path, `${tree}\n`);
  const verdicts = new Map(readResults(file));
  return {
    verdicts,
    add(verdict) {
      verdicts.set(verdict.id, verdict);
      appendFileSync(path, `${JSON.stringify(verdict)}\n`);
    },
  };
}

const pathOf = (file: string) => join(scratch, `${file.replaceAll('/', '-')}.jsonl`);
