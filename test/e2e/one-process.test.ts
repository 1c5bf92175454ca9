import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runScenario } from '#test/demo/scenario.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { startProcess } from '#test/support/processes.ts';

test('the main job end to end in one process, and it stops within its deadline', async () => {
  await using folder = await temporaryFolder();
  await using all = await startProcess('services/all.ts', {
    DATA_DIR: folder.path,
    HTTP_PORT: '0',
    SMTP_PORT: '0',
  });
  const { origin, smtpPort } = all.ready;
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  const lines: string[] = [];
  const tell = (line: string) => lines.push(line);
  const outcome = await runScenario({ origin, smtpPort, firstRun, tell });
  expect(outcome.ledger.size).toBeGreaterThan(20);
  expect(lines.length).toBeGreaterThan(10);
  expect(await all.stop('SIGTERM')).toBe(0);
}, 60_000);
