import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job, Message, Survey, Verdict } from './messages.ts';
import { scratch } from './results.ts';

/** Loading a suite and running all tests of a file, twice, on a busy machine. */
const SURVEY_LIMIT_MS = 900_000;
/** A process that does not even notice that a test's time is over does not come to its timers. */
const SPARE_MS = 2_000;

const JUDGE = fileURLToPath(new URL('judge.ts', import.meta.url));

/**
 * Tries the wanted changes, in as many processes as it takes: one that hangs is killed, and the
 * change that it was at has a verdict. Rejects when the tests fail without any change.
 */
export async function tryAll(job: Job, found: (verdict: Verdict) => void): Promise<void> {
  let { wanted, survey } = job;
  while (wanted.length > 0) {
    const given = survey === undefined ? {} : { survey };
    const round = await oneProcess({ ...job, ...given, wanted }, found);
    survey ??= round.survey;
    wanted = wanted.filter((id) => !round.done.has(id));
    if (round.done.size === 0) throw new Error(`${job.file}: the tests fail without any change`);
  }
}

async function oneProcess(job: Job, found: (verdict: Verdict) => void) {
  const done = new Set<string>();
  let survey: Survey | undefined;
  let trying: string | undefined;
  const child = start();
  child.send(job);
  let timer = killAfter(child, SURVEY_LIMIT_MS);
  const add = (verdict: Verdict) => {
    done.add(verdict.id);
    found(verdict);
  };
  child.on('message', (message: Message) => {
    clearTimeout(timer);
    trying = message.kind === 'trying' ? message.id : undefined;
    const limitMs = message.kind === 'trying' ? message.limitMs : 0;
    timer = killAfter(child, limitMs + SPARE_MS);
    if (message.kind === 'survey') survey = message.survey;
    if (message.kind === 'verdict') add(message.verdict);
  });
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  if (trying !== undefined) add({ id: trying, status: 'Timeout', by: 'the process hangs' });
  return { done, survey };
}

function start(): ChildProcess {
  const folder = join(scratch, 'tests');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const env = {
    ...process.env,
    TMPDIR: folder,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'watchdesk-compiled'),
  };
  return fork(JUDGE, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

function killAfter(child: ChildProcess, limitMs: number): NodeJS.Timeout {
  return setTimeout(() => child.kill('SIGKILL'), limitMs);
}
