import { z } from 'zod';
import { operation } from './operation.ts';
import {
  longText,
  pageOf,
  pageQuery,
  rowId,
  sha256Hex,
  shortText,
  timestamp,
} from './primitives.ts';

/** `queued` goes on to one of the others; those are final. */
export const commandStates = ['queued', 'executed', 'blocked', 'failed'] as const;
export type CommandState = (typeof commandStates)[number];

const OUTPUT_CHARS_MAX = 64 * 1024;

/** Made by whoever issues the command, the same for each of its steps. */
const commandId = z.uuidv7({ error: 'must be a UUIDv7 that you made for this command' });
const commandText = shortText(500);
/** A name and no text: it stands in the chain in plain, as the reason. */
const rule = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, {
  error: 'must be the name of a rule: up to 100 letters, digits and . _ : / -',
});
const seq = z.number().int().nonnegative();

export const recordCommand = operation({
  name: 'ledger.command.record',
  summary: 'Record a step of a command: that it was queued, executed, blocked, or failed',
  http: { method: 'POST', path: '/v1/ledger/commands', status: 200 },
  body: z
    .strictObject({
      id: commandId,
      state: z.enum(commandStates),
      /** What was to be done; the same at each step. */
      command: commandText,
      /** The incident that it belongs to; the same at each step. */
      incident: rowId.optional(),
      /** When the step happened; absent: now. */
      at: z.iso.datetime({ offset: true }).optional(),
      /** Name of the rule that let it pass or stopped it. */
      rule: rule.optional(),
      /** What it gave. Only a keyed hash of it is kept, and it is in no answer. */
      output: longText(OUTPUT_CHARS_MAX).optional(),
    })
    .refine(({ state, output }) => output === undefined || !['queued', 'blocked'].includes(state), {
      path: ['output'],
      error: 'goes with executed and failed alone: before that there is none',
    })
    .refine(({ state, rule }) => rule !== undefined || state !== 'blocked', {
      path: ['rule'],
      error: 'must name the rule that blocked the command',
    }),
  output: z.strictObject({
    id: commandId,
    state: z.enum(commandStates),
    at: timestamp,
    /** HMAC-SHA-256 of the output, under a key of the vault. The same output gives it again. */
    outputMac: sha256Hex.optional(),
  }),
  problems: ['conflict', 'ledger-behind'],
  permission: 'ledger:record-commands',
  // No `idempotent`: the step itself is recognised, and a remembered request would hash its output
  // without a key.
  audit: { kind: 'change', action: 'ledger.command.queued', object: 'command' },
});

const commandStep = z.strictObject({
  state: z.enum(commandStates),
  at: timestamp,
  rule: z.string().optional(),
  outputMac: sha256Hex.optional(),
  /** The entry that says so. */
  seq,
  leafHash: sha256Hex,
});

/** A command as its entries tell of it. */
export const loggedCommand = z.strictObject({
  id: commandId,
  state: z.enum(commandStates),
  /** Absent, like the incident and what else was sealed, once it is expunged. */
  command: z.string().optional(),
  incident: rowId.optional(),
  expunged: z.literal(true).optional(),
  steps: z.array(commandStep).min(1),
});
export type LoggedCommand = z.infer<typeof loggedCommand>;

export const listCommands = operation({
  name: 'ledger.command.list',
  summary: 'List commands from their entries, newest first',
  http: { method: 'GET', path: '/v1/ledger/commands', status: 200 },
  query: z.strictObject({
    ...pageQuery,
    incident: rowId.optional(),
    /** Where it stands now. */
    state: z.enum(commandStates).optional(),
  }),
  output: pageOf(loggedCommand),
  problems: ['invalid-cursor', 'ledger-behind'],
  permission: 'ledger:disclose',
  audit: { kind: 'read', action: 'ledger.command.listed', object: 'ledger' },
});

export const readCommand = operation({
  name: 'ledger.command.read',
  summary: 'Read a command from its entries',
  http: { method: 'GET', path: '/v1/ledger/commands/{id}', status: 200 },
  params: z.strictObject({ id: commandId }),
  output: loggedCommand,
  problems: ['not-found', 'ledger-behind'],
  permission: 'ledger:disclose',
  audit: { kind: 'read', action: 'ledger.command.read', object: 'command' },
});
