/**
 * The main job against a product that runs elsewhere: `--origin`, `--smtp-port` on this machine,
 * `--first-run` with the administrator of its first start, `--mail-network` for where its mail
 * appears to come from. Exit code 0 only when every step held. It may run again on the same product.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runScenario } from './scenario.ts';
import { summary } from './summary.ts';

const START_MS_MAX = 120_000;
const LOOK_MS = 1_000;

const { values } = parseArgs({
  options: {
    origin: { type: 'string', default: 'http://localhost:8080' },
    'smtp-port': { type: 'string', default: '2525' },
    'first-run': { type: 'string', default: 'data/first-run.json' },
    'mail-network': { type: 'string', multiple: true },
  },
});
const { origin } = values;
const networks = values['mail-network'];
await whenReady(`${origin}/readyz`);
const firstRun = JSON.parse(await readFile(values['first-run'], 'utf8'));
const outcome = await runScenario({
  origin,
  smtpPort: Number(values['smtp-port']),
  firstRun,
  run: `-${randomBytes(4).toString('hex')}`,
  ...(networks === undefined ? {} : { mailNetworks: networks }),
  tell: (line) => process.stdout.write(`ok  ${line}\n`),
});
process.stdout.write(`${summary(outcome, origin, firstRun)}\n`);

async function whenReady(url: string): Promise<void> {
  const until = Date.now() + START_MS_MAX;
  while (Date.now() < until) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => undefined,
    );
    if (status === 200) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`${url} did not answer within ${START_MS_MAX / 1_000} s.`);
}
