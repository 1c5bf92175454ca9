#!/usr/bin/env node
/** `npx watchdesk <command>`: each command is one line here and one file beside its service. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { backup } from '#shared/embedded/backup/backup.ts';
import { restore } from '#shared/embedded/backup/restore.ts';
import { cadLearn, cadParse, readProfiles } from './cad-ingest/commands.ts';
import { settleRestored } from './gateway/commands.ts';
import { verifyStores } from './ledger/commands.ts';
import { verifyArchive } from './ledger/portable/archive.ts';
import { parseWitnessKey, verifyWitnesses } from './ledger/portable/cosignature.ts';
import { parseVerifierKey } from './ledger/portable/note.ts';
import { verifyTimestamp } from './ledger/portable/timestamp.ts';
import { verifyNote } from './ledger/portable/verify.ts';
import { verifyBundle } from './ledger/portable/verify-bundle.ts';
import { runWitness } from './ledger/witness/command.ts';

interface Command {
  readonly usage: string;
  /** Answers the exit code. */
  run(args: readonly string[]): Promise<number>;
}

const WITNESS_USAGE =
  '                    [--witness VKEY]...       and that these witnesses have cosigned it';

const commands: Readonly<Record<string, Command>> = {
  'cad parse': {
    usage: 'cad parse --jsonl [--profiles FILE] < PAGES   reads {id, subject?, body, …} lines',
    run: runCadParse,
  },
  'cad learn': {
    usage:
      'cad learn --jsonl SAMPLES --out FILE          makes a profile per source of the samples',
    run: runCadLearn,
  },
  backup: {
    usage:
      'backup DIR [--data DIR] [--without-root-key]  copies the data as they are at one instant, in use or not',
    run: runBackup,
  },
  restore: {
    usage:
      'restore DIR [--data DIR] [--root-key FILE]    makes a data folder of a backup, and verifies its ledger',
    run: runRestore,
  },
  'ledger verify': {
    usage: 'ledger verify [--data DIR] [--tenant T]       checks the stores of a stopped server',
    run: runLedgerVerify,
  },
  'bundle verify': {
    usage:
      'bundle verify FILE --key VKEY                 checks an evidence bundle, offline\n' +
      WITNESS_USAGE,
    run: runBundleVerify,
  },
  'checkpoint verify': {
    usage:
      'checkpoint verify FILE --key VKEY             checks a signed checkpoint, offline\n' +
      WITNESS_USAGE,
    run: runCheckpointVerify,
  },
  'archive verify': {
    usage:
      'archive verify FILE --key VKEY                checks an archive of removed entries, offline',
    run: runArchiveVerify,
  },
  'timestamp verify': {
    usage: 'timestamp verify FILE --token TOKEN --ca PEM  checks when a file was seen, offline',
    run: runTimestampVerify,
  },
  witness: {
    usage:
      'witness --data DIR --log VKEY --listen PORT   cosigns the checkpoints of a log elsewhere\n' +
      '                    [--origin ORIGIN] [--name NAME]',
    run: runWitnessUntilSignal,
  },
};

/** Wrong use of a command; shown with how to use it. */
const USAGE_EXIT_CODE = 2;

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '--help' || argv[0] === '-h') {
    process.stdout.write(`${usageText()}\n`);
    return 0;
  }
  const name = Object.keys(commands).find(
    (each) => each === argv.slice(0, each.split(' ').length).join(' '),
  );
  const command = name === undefined ? undefined : commands[name];
  if (command === undefined || name === undefined) return usage('Give one of these commands.');
  try {
    return await command.run(argv.slice(name.split(' ').length));
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

async function runCadParse(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { jsonl: { type: 'boolean' }, profiles: { type: 'string' } },
  });
  if (values.jsonl !== true) return usage('cad parse reads JSON lines: give --jsonl.');
  const profiles =
    values.profiles === undefined ? [] : readProfiles(await readFile(values.profiles, 'utf8'));
  await cadParse({ input: process.stdin, output: process.stdout, profiles });
  return 0;
}

async function runCadLearn(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { jsonl: { type: 'string' }, out: { type: 'string' } },
  });
  const { jsonl, out } = values;
  if (jsonl === undefined || out === undefined)
    return usage('Give --jsonl SAMPLES and --out FILE.');
  await cadLearn({ input: createReadStream(jsonl), out });
  return 0;
}

async function runBackup(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: './data' },
      'without-root-key': { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [to, ...more] = positionals;
  if (to === undefined || more.length > 0) return usage('Give one folder to put the backup into.');
  const rootKey = values['without-root-key'] ? 'apart' : 'included';
  const report = await backup({ dataDir: values.data, to, rootKey });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return 0;
}

async function runRestore(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { data: { type: 'string', default: './data' }, 'root-key': { type: 'string' } },
    allowPositionals: true,
  });
  const [from, ...more] = positionals;
  if (from === undefined || more.length > 0) return usage('Give the folder of one backup.');
  const { data: dataDir, 'root-key': rootKeyFile } = values;
  const { finished: ledger, ...restored } = await restore({
    ...{ from, dataDir, ...(rootKeyFile === undefined ? {} : { rootKeyFile }) },
    async finish(made) {
      const report = await verifyStores({ dataDir: made.dataDir });
      await settleRestored(made);
      return report;
    },
  });
  process.stdout.write(`${JSON.stringify({ ...restored, ledger }, null, 2)}\n`);
  return ledger.ok ? 0 : 1;
}

async function runLedgerVerify(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { data: { type: 'string', default: './data' }, tenant: { type: 'string' } },
  });
  const { data: dataDir, tenant } = values;
  const report = await verifyStores({ dataDir, ...(tenant === undefined ? {} : { tenant }) });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}

function runBundleVerify(args: readonly string[]): Promise<number> {
  return runVerify(withWitnesses(args), async ({ file, ...keys }) =>
    verifyBundle({ text: await readFile(file, 'utf8'), ...keys }),
  );
}

function runArchiveVerify(args: readonly string[]): Promise<number> {
  return runVerify(parseVerify(args), ({ file, verifierKey }) =>
    verifyArchive({ chunks: createReadStream(file), verifierKey }),
  );
}

function runCheckpointVerify(args: readonly string[]): Promise<number> {
  return runVerify(withWitnesses(args), async ({ file, verifierKey, witnessKeys }) => {
    const checkpoint = await readFile(file, 'utf8');
    const verdict = await verifyNote({ checkpoint, verifierKey });
    if (!verdict.ok) return verdict;
    const seen = await verifyWitnesses({ checkpoint, witnessKeys });
    if (!seen.ok) return seen;
    const { origin, size, root } = verdict.head;
    const witnessed = witnessKeys.length === 0 ? {} : { witnesses: seen.witnesses };
    return { ok: true, origin, size, root: Buffer.from(root).toString('hex'), ...witnessed };
  });
}

async function runTimestampVerify(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { token: { type: 'string' }, ca: { type: 'string' } },
    allowPositionals: true,
  });
  const [file, ...more] = positionals;
  const { token, ca } = values;
  if (file === undefined || more.length > 0) return usage('Give one file to verify.');
  if (token === undefined || ca === undefined) return usage('Give --token and --ca.');
  const [bytes, der] = await Promise.all([readFile(file), readFile(token)]);
  const report = verifyTimestamp({ token: der, bytes, roots: await readFile(ca, 'utf8') });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}

interface VerifyArguments {
  readonly values: { readonly key?: string | undefined; readonly witness?: string[] | undefined };
  readonly positionals: readonly string[];
}

function parseVerify(args: readonly string[]): VerifyArguments {
  const options = { key: { type: 'string' } } as const;
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

function withWitnesses(args: readonly string[]): VerifyArguments {
  const options = { key: { type: 'string' }, witness: { type: 'string', multiple: true } } as const;
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

interface ToVerify {
  readonly file: string;
  readonly verifierKey: string;
  readonly witnessKeys: readonly string[];
}

/** One file, one key, one report. */
async function runVerify(
  { values, positionals }: VerifyArguments,
  verify: (about: ToVerify) => Promise<{ readonly ok: boolean }>,
): Promise<number> {
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return usage('Give one file to verify.');
  const { key: verifierKey, witness: witnessKeys = [] } = values;
  if (verifierKey === undefined || parseVerifierKey(verifierKey) === undefined) {
    return usage('Give the verifier key of the log, name+id+base64, as --key VKEY.');
  }
  if (witnessKeys.some((each) => parseWitnessKey(each) === undefined)) {
    return usage('Give the keys of witnesses as they print them, each as --witness VKEY.');
  }
  const report = await verify({ file, verifierKey, witnessKeys });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}

/** Tells its verifier key and address in one line once it listens. */
async function runWitnessUntilSignal(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      log: { type: 'string', multiple: true },
      origin: { type: 'string' },
      listen: { type: 'string' },
      name: { type: 'string' },
    },
  });
  const { data: dataDir, log: logs = [], listen, origin, name } = values;
  if (dataDir === undefined || listen === undefined) return usage('Give --data and --listen.');
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  const optional = { ...(origin && { origin }), ...(name && { name }) };
  await using witness = await runWitness({ dataDir, logs, listen, ...optional });
  const { verifierKey, url } = witness;
  process.stdout.write(`${JSON.stringify({ verifierKey, url })}\n`);
  await stopped;
  return 0;
}

function usage(complaint: string): number {
  process.stderr.write(`${complaint}\n\n${usageText()}\n`);
  return USAGE_EXIT_CODE;
}

function usageText(): string {
  return Object.values(commands)
    .map((command) => `  watchdesk ${command.usage}`)
    .join('\n');
}

process.exitCode = await main(process.argv.slice(2));
