import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/**
 * Lets a process work on the port until it has said `lines` times that something was done, then
 * kills it with SIGKILL in the middle of its work. Answers all that it said before its end.
 */
export async function workUntilKilled(about: {
  readonly port: string;
  readonly folder: string;
  readonly run: number;
  readonly lines: number;
}): Promise<readonly string[]> {
  const { port, folder, run, lines } = about;
  const child = spawn(process.execPath, [CHILD, port, folder, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself with ${code}`);
  return said;
}
