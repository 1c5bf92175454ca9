/**
 * `npm run demo`: a throw-away department on this machine, the main job with every step checked,
 * and then the product stays up to be looked at. `-- --once` ends after the check: exit code 0 only
 * when every step held.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openAll } from '#services/all.ts';
import { signalReceived } from '#shared/process.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { runScenario } from './scenario.ts';
import { summary } from './summary.ts';

const PORT_WANTED = 8080;

async function main(): Promise<void> {
  const startedAt = performance.now();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const tell = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
    say(`${seconds} s  ok  ${line}`);
  };
  const stopped = signalReceived();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const all = await openAll(stack, {
    dataDir: folder.path,
    http: { host: '127.0.0.1', port: await freePort(PORT_WANTED) },
    smtp: { host: '127.0.0.1', port: 0 },
    logLevel: 'error',
  });
  tell(`five services started in one process, HTTP at ${all.origin}, SMTP on port ${all.smtpPort}`);
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  const outcome = await runScenario({ ...all, firstRun, tell });
  say(summary(outcome, all.origin, firstRun));
  if (process.argv.includes('--once')) return;
  say('\nUp until Ctrl-C; everything in it is thrown away then.');
  await stopped;
}

/** The port wanted, when nobody has it; 0 (any) otherwise. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\nThe demonstration stopped: ${text}\n`);
  process.exit(1);
}
