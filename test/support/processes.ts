import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A real process of the product. */
export interface Running extends AsyncDisposable {
  /** What it logged beside `ready`. */
  // biome-ignore lint/suspicious/noExplicitAny: a log line, as the process wrote it
  readonly ready: any;
  /** Everything that it has written so far, line by line. */
  readonly lines: readonly string[];
  /** Sends the signal and waits for the end; answers the exit code (`null` after SIGKILL). */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** It stands still, and its connections stay open; `resume` lets it go on. */
  pause(): void;
  resume(): void;
}

const START_TIMEOUT_MS = 60_000;

/** Starts an entry point with nothing in its environment but what is given, and waits for `ready`. */
export async function startProcess(
  entry: string,
  environment: Readonly<Record<string, string>>,
): Promise<Running> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, [entry], {
    env: { PATH, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const stop: Running['stop'] = async (signal) => {
    child.kill(signal);
    const [code] = await ended;
    return code;
  };
  const lines: string[] = [];
  const ready = await readyLine(child, entry, lines);
  return {
    ready,
    lines,
    stop,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop('SIGKILL');
    },
  };
}

function readyLine(child: ChildProcess, entry: string, seen: string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`${entry} ${why}:\n${seen.slice(-20).join('\n')}`));
    };
    const timer = setTimeout(() => fail('was not ready in time'), START_TIMEOUT_MS);
    const endedEarly = (code: number | null) => {
      clearTimeout(timer);
      fail(`ended with ${code} before it was ready`);
    };
    child.once('exit', endedEarly);
    if (child.stderr) createInterface(child.stderr).on('line', (line) => seen.push(line));
    if (child.stdout === null) return fail('has no output');
    // Read to the end: a full pipe would stop the process.
    createInterface(child.stdout).on('line', (line) => {
      seen.push(line);
      if (!line.includes('"msg":"ready"')) return;
      clearTimeout(timer);
      child.off('exit', endedEarly);
      resolve(JSON.parse(line));
    });
  });
}

/** A port that is free just now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
