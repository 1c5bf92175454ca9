import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { temporaryFolder } from '#test/support/folder.ts';
import { newPair, openMemoryLog } from './log.ts';

const program = new URL('../../../services/cli.ts', import.meta.url).pathname;

async function start(dataDir: string, log: string) {
  const args = ['witness', '--data', dataDir, '--log', log, '--listen', '0'];
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('the command has no output');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url, verifierKey } = JSON.parse(line);
  return {
    verifierKey,
    ask: async (body: string) => {
      const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
      return { status: answer.status, text: await answer.text() };
    },
    async end(signal: NodeJS.Signals) {
      const ended = once(child, 'exit');
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

test('what a witness has cosigned stands after kill -9, and is never contradicted', async () => {
  await using folder = await temporaryFolder();
  const pair = newPair();
  const log = openMemoryLog('log.example/log/1', '', pair);
  const fork = openMemoryLog(log.origin, 'other history ', pair);
  const keys = new Set<string>();
  let size = 0;
  for (let round = 0; round < 4; round += 1) {
    const witness = await start(folder.path, log.verifierKey);
    keys.add(witness.verifierKey);
    if (size > 0) {
      expect(await witness.ask(await fork.request(0, size))).toEqual({
        status: 409,
        text: `${size}\n`,
      });
      expect((await witness.ask(await fork.request(size, size + 3))).status).toBe(422);
    }
    const { status } = await witness.ask(await log.request(size, size + 7));
    await witness.end('SIGKILL');
    expect(status).toBe(200);
    size += 7;
  }
  expect(keys.size).toBe(1);
  const last = await start(folder.path, log.verifierKey);
  expect(await last.end('SIGTERM')).toBe(0);
});
