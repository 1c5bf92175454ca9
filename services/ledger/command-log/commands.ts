/**
 * The command log: what was asked of a radio or a CAD system, and what became of it.
 *
 * 1. A step comes. MACs under a key of the vault tell whether it is a repetition, and stand for the
 *    output, which is forgotten at once.
 * 2. One write: the command's row with the step, and the event `ledger.command.<state>`.
 * 3. The event becomes an entry like any other. Lists are made from entries; the rows only say where.
 */
import {
  type CommandState,
  commandStates,
  type LoggedCommand,
  listCommands,
  readCommand,
  recordCommand,
} from '#contracts/ledger-commands.ts';
import { listPage } from '#shared/pages.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { readDisclosure } from '../chain/disclosure.ts';
import { parseEntry } from '../chain/entry.ts';
import { leafHash } from '../chain/tree.ts';
import type { Log } from '../log/log.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { admitStep, type CommandRow, commandRow, outcomeOf, type Step } from './command.ts';
import { OF_INCIDENT } from './of-incident.ts';

const COMMAND = 'command';
const MAC_KEY = 'command-log';

export function commandHandlings({ vault }: LedgerParts, logs: Logs): Handling[] {
  return [
    handle(recordCommand, (call) => record(vault, call)),

    handle(listCommands, async ({ caller, query, tables }) => {
      const { incident, state } = query;
      const rows =
        incident === undefined
          ? { kind: COMMAND, descending: true }
          : { kind: OF_INCIDENT, prefix: `${incident}/`, descending: true };
      const body = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        const itemOf = ({ id }: Row) => logged({ log, tables, state }, id.slice(-UUID_CHARS));
        return listPage({ operation: listCommands.name, query, tables, rows, itemOf });
      });
      const read = [{ field: 'commands', after: body.items.map(({ id }) => id) }];
      return { body, read };
    }),

    handle(readCommand, async ({ caller, params: { id }, tables }) => {
      const body = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return logged({ log, tables }, id);
      });
      if (body !== undefined) return { body };
      throw new Problem('not-found', { detail: 'The ledger has no command of this id yet.' });
    }),
  ];
}

const UUID_CHARS = 36;

type RecordCall = Call<typeof recordCommand>;

async function record(vault: Vault, call: RecordCall) {
  const { id, state, command, incident, at, rule, output } = call.body;
  const mac = macOf(vault, call.caller.tenant);
  const about = await mac('about', [command, incident]);
  const asked = await mac('asked', [state, at, rule, output]);
  const outputMac = output === undefined ? undefined : await mac('output', [output]);
  return retryOnRace(async () => {
    const found = await rowOf(call.tables, id);
    const before = admitStep(found?.value, { about, state, asked });
    if (before !== undefined) return { ok: true, reply: { body: answerOf(id, before) } };
    const event = stepEvent(call, outputMac);
    const step: Step = {
      state,
      at: timeOf(call),
      event: event.id,
      asked,
      ...(outputMac === undefined ? {} : { outputMac }),
    };
    const value: CommandRow = { v: 1, about, steps: [...(found?.value.steps ?? []), step] };
    // JSON by its schema: optional fields that are not there are dropped.
    const json = JSON.parse(JSON.stringify(value));
    const row = { put: { kind: COMMAND, id, value: json }, expect: found?.version ?? 0 };
    const isFirst = found === undefined && incident !== undefined;
    const index = { kind: OF_INCIDENT, id: `${incident}/${id}`, value: {} };
    return call.commit({
      changes: [row, ...(isFirst ? [{ put: index, expect: 0 }] : [])],
      events: [event],
      reply: { body: answerOf(id, step) },
    });
  });
}

/** Every entry says all of it: one that stands alone in a bundle must not need the others. */
function stepEvent(call: RecordCall, outputMac: string | undefined) {
  const { id, state, command, incident, rule } = call.body;
  const said = { state, at: timeOf(call), command, incident, rule, outputMac };
  return call.event({
    action: `ledger.command.${state}`,
    object: { type: COMMAND, id },
    outcome: outcomeOf(state),
    reason: rule === undefined ? undefined : `rule ${rule}`,
    changes: Object.entries(said)
      .filter(([, after]) => after !== undefined)
      .map(([field, after]) => ({ field, after })),
  });
}

function timeOf({ body: { at }, now }: RecordCall): string {
  return (at === undefined ? now : new Date(at)).toISOString();
}

function answerOf(id: string, { state, at, outputMac }: Step) {
  return { id, state, at, ...(outputMac === undefined ? {} : { outputMac }) };
}

/** A command told by the entries there are so far; `undefined` when there is none, or not in that state. */
async function logged(
  about: {
    readonly log: Log;
    readonly tables: TenantTables;
    readonly state?: CommandState | undefined;
  },
  id: string,
): Promise<LoggedCommand | undefined> {
  const { log, tables, state } = about;
  const found = await rowOf(tables, id);
  const events = found?.value.steps.map(({ event }) => event) ?? [];
  const seqs = await Promise.all(events.map((event) => log.seqOf(event)));
  const there = seqs.filter((seq) => seq !== undefined);
  const kept = await Promise.all(there.map((seq) => entryAt(log, seq)));
  const entries = kept.filter((entry) => entry !== undefined);
  const last = entries.at(-1);
  if (last === undefined || (state !== undefined && last.state !== state)) return undefined;
  const opened = await Promise.all(entries.map((entry) => stepOf(log, entry)));
  const { command, incident } = opened.at(-1)?.values ?? {};
  return {
    id,
    state: last.state,
    ...(typeof command === 'string' ? { command } : { expunged: true as const }),
    ...(typeof incident === 'string' ? { incident } : {}),
    steps: opened.map(({ step }) => step),
  };
}

interface StepEntry {
  readonly seq: number;
  readonly state: CommandState;
  /** When it was recorded; when it happened is among the values. */
  readonly at: string;
  readonly reason: string | undefined;
  readonly leafHash: string;
}

/** `undefined` also for one that a purge has removed. */
async function entryAt(log: Log, seq: number): Promise<StepEntry | undefined> {
  if (seq < log.firstKept()) return undefined;
  const bytes = await log.blocks.entry(seq);
  if (bytes === undefined) return undefined;
  const { action, at, reason } = parseEntry(bytes);
  const state = commandStates.find((each) => action === `ledger.command.${each}`);
  if (state === undefined) throw new Error(`entry ${seq} tells of no command`);
  return { seq, state, at, reason, leafHash: leafHash(bytes).toString('hex') };
}

async function stepOf(log: Log, { seq, state, at, leafHash }: StepEntry) {
  const disclosures = (await log.disclosures(seq)) ?? [];
  const named = disclosures.map(readDisclosure).map(({ name, value }) => [name, afterIn(value)]);
  const values: Readonly<Record<string, unknown>> = Object.fromEntries(named);
  const { rule, outputMac } = values;
  const step = {
    state,
    at: typeof values.at === 'string' ? values.at : at,
    ...(typeof rule === 'string' ? { rule } : {}),
    ...(typeof outputMac === 'string' ? { outputMac } : {}),
    seq,
    leafHash,
  };
  return { step, values };
}

function afterIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'after' in value ? value.after : undefined;
}

async function rowOf(tables: TenantTables, id: string) {
  const row = await tables.get({ kind: COMMAND, id });
  return row && { version: row.version, value: commandRow.parse(row.value) };
}

/** Each for its own purpose and tenant, under one key. */
function macOf(vault: Vault, tenant: string) {
  return async (purpose: string, parts: readonly (string | undefined)[]): Promise<string> => {
    const text = JSON.stringify([purpose, tenant, ...parts.map((part) => part ?? null)]);
    return Buffer.from(await vault.mac(MAC_KEY, Buffer.from(text))).toString('hex');
  };
}
