import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runScenario } from '#test/demo/scenario.ts';
import { dynamo, hasEngine, moto, valkey } from '#test/support/aws-engines.ts';
import { makeInstallation } from '#test/support/aws-installation.ts';
import { hasNatsServer, startNatsServer } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort, type Running, startProcess } from '#test/support/processes.ts';

const isPossible = hasNatsServer() && [moto, dynamo, valkey].every(hasEngine);

test.skipIf(!isPossible)(
  'the main job end to end with everything kept on AWS, each service in a process of its own',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const nats = stack.use(await startNatsServer());
    const installation = stack.use(await makeInstallation());
    const [httpPort, smtpPort] = [await freePort(), await freePort()];
    const environment = {
      ...installation.environment,
      DATA_DIR: folder.path,
      BUS_URL: nats.url,
      HTTP_PORT: String(httpPort),
      SMTP_PORT: String(smtpPort),
    };
    const running: Running[] = [];
    for (const name of ['ledger', 'core-records', 'files', 'cad-ingest', 'gateway']) {
      running.push(stack.use(await startProcess(`services/${name}/main.ts`, environment)));
    }
    const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
    const origin = `http://127.0.0.1:${httpPort}`;
    const outcome = await runScenario({ origin, smtpPort, firstRun, tell: () => undefined });
    expect(outcome.ledger.size).toBeGreaterThan(20);
    for (const process of running.toReversed()) expect(await process.stop('SIGTERM')).toBe(0);
  },
);
