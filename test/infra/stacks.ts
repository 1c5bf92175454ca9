import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { openApp } from '#infra/app.ts';
import { readSettings, type Settings } from '#infra/settings.ts';

export const EXAMPLE = readSettings('infra/settings.example.json');

/** A resource as a template has it. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of resource has its own properties
  readonly Properties: any;
  readonly DeletionPolicy?: string;
}

export interface Stacks {
  /** By the part of its name behind the installation's: `edge`, `data`, `run`. */
  readonly resources: Readonly<Record<'edge' | 'data' | 'run', Readonly<Record<string, Resource>>>>;
  /** Findings of the rules that nobody acknowledged. */
  readonly violations: readonly string[];
  /** Rule and reason of each acknowledgement, by the construct it was made on. */
  readonly acknowledged: readonly string[];
}

/** Synthesises the stacks; throws what CDK throws, except for findings of the rules. */
export async function synthesise(settings: Settings = EXAMPLE): Promise<Stacks> {
  const folder = await mkdtemp(join(tmpdir(), 'watchdesk-infra-'));
  try {
    const app = openApp(settings, folder);
    const failure = tryTo(() => app.synth());
    const violations = violationsIn(folder);
    if (failure !== undefined && violations.length === 0) throw failure;
    const stacks = app.node.children.filter((child) => child instanceof Stack);
    const named = stacks.map((stack) => [
      stack.stackName.replace(`${settings.name}-`, ''),
      Template.fromStack(stack).toJSON().Resources,
    ]);
    return {
      resources: Object.fromEntries(named),
      violations,
      acknowledged: stacks.flatMap((stack) => stack.node.findAll().flatMap(acknowledgedOn)),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function acknowledgedOn({ node }: { readonly node: Stack['node'] }): string[] {
  return node.metadata
    .filter(({ type }) => type.includes('acknowledged'))
    .flatMap(({ data }) => Object.entries<string>(data))
    .map(([rule, reason]) => `${node.path}: ${rule.replace(/^annotation::/i, '')}: ${reason}`);
}

function tryTo(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

function violationsIn(folder: string): string[] {
  const report: Report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8'));
  return report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    ),
  );
}
