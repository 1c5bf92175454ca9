/** What is kept of a command beside its entries, and which step may follow. Pure. */
import { z } from 'zod';
import { type CommandState, commandStates } from '#contracts/ledger-commands.ts';
import { rowId, sha256Hex, timestamp } from '#contracts/primitives.ts';
import { Problem } from '#shared/problem.ts';

const step = z.strictObject({
  state: z.enum(commandStates),
  at: timestamp,
  /** Id of the event that tells of it. */
  event: rowId,
  /** MAC of what was asked, to recognise it when it comes again. */
  asked: sha256Hex,
  outputMac: sha256Hex.optional(),
});
export type Step = z.infer<typeof step>;

export const commandRow = z.strictObject({
  v: z.literal(1),
  /** MAC of command and incident: they are the same at each step. */
  about: sha256Hex,
  steps: z.array(step).min(1).max(2),
});
export type CommandRow = z.infer<typeof commandRow>;

/**
 * The step that this one repeats; `undefined` when it is a new one that may follow. Problem
 * `conflict` otherwise.
 */
export function admitStep(
  row: CommandRow | undefined,
  next: { readonly about: string; readonly state: CommandState; readonly asked: string },
): Step | undefined {
  if (row === undefined) {
    if (next.state === 'queued' || next.state === 'blocked') return undefined;
    throw refused(`A command is queued before it is ${next.state}. Record that first.`);
  }
  if (row.about !== next.about) {
    throw refused('This id belongs to another command or incident. Make a new one.');
  }
  const before = row.steps.find(({ state }) => state === next.state);
  if (before !== undefined) {
    if (before.asked === next.asked) return before;
    throw refused(`That it was ${next.state} is recorded already, in other words.`);
  }
  const last = row.steps.at(-1)?.state;
  if (last === 'queued') return undefined;
  throw refused(`The command was ${last}: nothing comes after that.`);
}

/** How an entry of that step ended, for who searches by outcome. */
export function outcomeOf(state: CommandState): 'success' | 'refused' | 'failure' {
  switch (state) {
    case 'queued':
    case 'executed':
      return 'success';
    case 'blocked':
      return 'refused';
    case 'failed':
      return 'failure';
    default:
      return state satisfies never;
  }
}

function refused(detail: string): Problem {
  return new Problem('conflict', { detail });
}
