import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_MS_MAX = 20_000;

/**
 * Runs the command only as long as this process lives, whatever its end: the shell around it waits
 * for the end of a pipe that this process holds.
 */
const WHILE_THE_PARENT_LIVES = '"$@" <&- & read -r _; kill -9 $! 2>/dev/null; wait';

/** A server that a test has started. */
export interface Child extends AsyncDisposable {
  /** What `ready` found in the line that told so. */
  readonly ready: string;
}

/** Starts the command and waits for the line of its output in which `ready` finds something. */
export async function startChild(
  command: readonly string[],
  ready: (line: string) => string | undefined,
): Promise<Child> {
  const child = spawn('/bin/sh', ['-c', WHILE_THE_PARENT_LIVES, 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  };
  try {
    return { ready: await readyLine(child, ready), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function readyLine(
  child: ChildProcess,
  ready: (line: string) => string | undefined,
): Promise<string> {
  const seen: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}:\n${seen.slice(-20).join('\n')}`));
    const timer = setTimeout(() => fail('a server did not start in time'), START_MS_MAX);
    child.once('exit', (code) => fail(`a server ended with ${code}`));
    const look = (line: string) => {
      if (seen.length < 1_000) seen.push(line);
      const found = ready(line);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    // Both are read to their ends: a full pipe would stop the server.
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on('line', look);
    }
  });
}
