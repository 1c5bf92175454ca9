/**
 * What a suite finds in place of vitest while it judges (judge.ts leads the import here): the same
 * words, but its tests are kept, to be run one by one, in any order and again and again.
 */
import { format } from 'node:util';

export { expect, vi } from 'vitest';

type Body = () => unknown;

interface Block {
  readonly parent: Block | undefined;
  readonly suite: Suite;
  readonly before: Body[];
  readonly after: Body[];
  prepared?: Promise<void>;
}

export interface Case {
  /** The same each time the suite is loaded. */
  readonly id: string;
  readonly name: string;
  readonly block: Block;
  readonly body: Body;
}

export interface Suite {
  readonly path: string;
  readonly cases: Case[];
  readonly blocks: Block[];
}

let open: Block | undefined;

/** The suite of a file; `url` may have a query, which makes it a copy with state of its own. */
export async function loadSuite(path: string, url: string): Promise<Suite> {
  const suite: Suite = { path, cases: [], blocks: [] };
  open = blockIn(suite, undefined);
  try {
    await import(url);
  } finally {
    open = undefined;
  }
  return suite;
}

/** What the blocks around a test do before the first of their tests, once. */
export async function prepare(block: Block): Promise<void> {
  if (block.parent !== undefined) await prepare(block.parent);
  block.prepared ??= inTurn(block.before);
  await block.prepared;
}

export async function closeSuite({ blocks }: Suite): Promise<void> {
  const begun = blocks.filter(({ prepared }) => prepared !== undefined);
  for (const { after } of begun.toReversed()) await inTurn(after);
}

async function inTurn(bodies: readonly Body[]): Promise<void> {
  for (const body of bodies) await body();
}

function here(): Block {
  if (open === undefined) throw new Error('tests are made while their suite is loaded');
  return open;
}

function blockIn(suite: Suite, parent: Block | undefined): Block {
  const block = { parent, suite, before: [], after: [] };
  suite.blocks.push(block);
  return block;
}

function addBlock(_: string, body: () => void): void {
  const outer = here();
  open = blockIn(outer.suite, outer);
  body();
  open = outer;
}

function addCase(name: string, body: Body): void {
  const block = here();
  const { path, cases } = block.suite;
  cases.push({ id: `${path}#${cases.length}`, name, block, body });
}

const none = () => undefined;

export const describe = Object.assign(addBlock, {
  skipIf: (condition: unknown) => (condition ? none : addBlock),
});

export const test = Object.assign(addCase, {
  each:
    <Row>(rows: readonly Row[]) =>
    (name: string, body: (...row: readonly unknown[]) => unknown) => {
      for (const row of rows) {
        const given = Array.isArray(row) ? row : [row];
        addCase(format(name, ...given), () => body(...given));
      }
    },
});

export const beforeAll = (body: Body) => here().before.push(body);
export const afterAll = (body: Body) => here().after.push(body);
