import { test } from 'vitest';
import { type Resource, type Stacks, synthesise } from './stacks.ts';

test('the stacks hold what the golden summary says', async ({ expect }) => {
  const summary = summaryOf(await synthesise());
  await expect(`${JSON.stringify(summary, null, 2)}\n`).toMatchFileSnapshot(
    'golden/resources.json',
  );
});

/** What a reviewer wants to see change: how many of what, who may do what, which rules are left. */
function summaryOf({ resources, acknowledged }: Stacks) {
  const stacks = Object.entries(resources).map(([stack, all]) => [
    stack,
    { types: countsOf(Object.values(all)), roles: rolesIn(all) },
  ]);
  return { ...Object.fromEntries(stacks), acknowledged: acknowledged.toSorted() };
}

function countsOf(resources: readonly Resource[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { Type } of resources) counts[Type] = (counts[Type] ?? 0) + 1;
  return Object.fromEntries(
    Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function rolesIn(resources: Readonly<Record<string, Resource>>): Record<string, string[]> {
  const policies = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::IAM::Policy');
  return Object.fromEntries(
    policies.map(([id, { Properties }]) => [withoutHash(id), linesOf(Properties.PolicyDocument)]),
  );
}

function linesOf(document: { readonly Statement: readonly Record<string, unknown>[] }): string[] {
  return document.Statement.map(({ Effect, Action, Resource: resource, Condition }) =>
    withoutHash(
      [Effect, [Action].flat().join(' '), 'on', JSON.stringify(resource), JSON.stringify(Condition)]
        .filter((part) => part !== undefined)
        .join(' '),
    ),
  );
}

/** Names that CDK makes end in a hash of their path. */
function withoutHash(text: string): string {
  return text.replaceAll(/(?<=[a-zA-Z])[0-9A-F]{8}(?=[A-Z"]|$)/g, '');
}
