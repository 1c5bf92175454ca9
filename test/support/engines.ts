import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS_MAX = 10_000;
const LOOK_MS = 20;
const ANY_FREE_PORT = -1;

/** A nats-server whose life the test has in its hands. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  /** Ends it at once, without a word to its clients. */
  kill(): Promise<void>;
  /** Starts it again on the same port; it remembers nothing. */
  restart(): Promise<void>;
  /** It stands still, and its connections stay open; `resume` lets it go on. */
  pause(): void;
  resume(): void;
}

export interface NatsPlace {
  /** An address of this machine, or of the network namespace that it runs in. */
  readonly host: string;
  /** What the command stands behind, as `ip netns exec <name>`; ends with the process. */
  readonly within: readonly string[];
}

/**
 * Whether a `nats-server` is on the PATH. Suites without it are left out, which shows; with `CI`
 * set it is a failure instead, so that nothing goes untested unseen.
 */
export function hasNatsServer(): boolean {
  return isThere('nats-server', '--version');
}

/** Whether an `openssl` is, to make certificates for suites with TLS. The same holds. */
export function hasOpenssl(): boolean {
  return isThere('openssl', 'version');
}

/** Whether a Go compiler is, for the verifier of a third party. The same holds. */
export function hasGo(): boolean {
  return isThere('go', 'version');
}

/** For the name of a suite that is left out. */
export const noNatsServer = 'left out, because nats-server is not on the PATH';

const LOOPBACK: NatsPlace = { host: '127.0.0.1', within: [] };

/** Starts one on a free port, of the loopback address if not told otherwise, with `lines` as more of its configuration. */
export async function startNatsServer(
  lines: readonly string[] = [],
  place: NatsPlace = LOOPBACK,
): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'watchdesk-nats-'));
  await writeFile(join(folder, 'nats.conf'), lines.join('\n'));
  let started = await runNatsServer(folder, place, ANY_FREE_PORT);
  const { url } = started;
  return {
    url,
    kill: () => end(started.child),
    async restart() {
      started = await runNatsServer(folder, place, Number(new URL(url).port));
    },
    pause: () => void started.child.kill('SIGSTOP'),
    resume: () => void started.child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end(started.child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function runNatsServer(folder: string, { host, within }: NatsPlace, port: number) {
  const address = ['-a', host, '-p', String(port), '--ports_file_dir', folder];
  const command = [...within, 'nats-server', '-c', join(folder, 'nats.conf'), ...address];
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'ignore' });
  try {
    return { child, url: await urlOf(child, folder) };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** The server writes its addresses into a file once it listens. */
async function urlOf(child: ChildProcess, folder: string): Promise<string> {
  const file = join(folder, `nats-server_${child.pid}.ports`);
  const endsAt = performance.now() + START_MS_MAX;
  while (performance.now() < endsAt && child.exitCode === null) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const url = /"nats":\s*\["((?:nats|tls):\/\/[^"]+)"\]/.exec(text)?.[1];
    if (url !== undefined) return url;
    await sleep(LOOK_MS);
  }
  throw new Error('nats-server did not start');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function isThere(command: string, harmless: string): boolean {
  const found = canRun(command, harmless);
  if (found || !process.env.CI) return found;
  throw new Error(`${command} is not on the PATH; with CI set no suite may be left out`);
}

function canRun(command: string, harmless: string): boolean {
  try {
    execFileSync(command, [harmless], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
