import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { makeDepartment } from '#test/demo/scenario.ts';
import { signIn } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { startProcess } from '#test/support/processes.ts';
import { median, type Table } from './table.ts';

const ROUNDS = 3;
const ROUND_SECONDS = 4;
const CONNECTIONS = 16;

const incident = JSON.stringify({
  number: '31-000123',
  nature: 'CHIMNEY FIRE',
  address: '12 MILL RD',
  city: 'FAIRVALE',
  units: ['E91', 'T91'],
  narrative: 'smoke from eaves, occupants out',
});

/** Creating an incident to its durable answer, against a bare server, in turns. */
export async function benchGateway(): Promise<readonly Table[]> {
  await using folder = await temporaryFolder();
  await using bareFolder = await temporaryFolder();
  await using bare = await startProcess('test/bench/bare-server.ts', { DATA_DIR: bareFolder.path });
  await using all = await startProcess('services/all.ts', {
    DATA_DIR: folder.path,
    HTTP_PORT: '0',
    SMTP_PORT: '0',
    LOG_LEVEL: 'info',
    REQUESTS_PER_MINUTE: '10000000',
  });
  const headers = { authorization: `Bearer ${await apiKey(folder.path, all.ready)}` };
  const rounds: { readonly ours: autocannon.Result; readonly theirs: autocannon.Result }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const theirs = await load(bare.ready.origin, {});
    const ours = await load(all.ready.origin, headers);
    rounds.push({ ours, theirs });
  }
  const middle = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick));
  const rate = (side: 'ours' | 'theirs') => middle((round) => round[side].requests.average);
  const p99 = (side: 'ours' | 'theirs') => middle((round) => round[side].latency.p99);
  return [
    {
      title: `Create an incident over HTTP, ${CONNECTIONS} connections, to the durable answer`,
      rows: [
        { what: 'gateway, embedded', value: rate('ours'), unit: '1/s' },
        { what: 'bare Fastify + SQLite insert', value: rate('theirs'), unit: '1/s' },
        {
          what: 'ratio of rates',
          value: middle(({ ours, theirs }) => ours.requests.average / theirs.requests.average),
          unit: 'ratio',
          target: '>= 0.5',
        },
        { what: 'gateway p99', value: p99('ours'), unit: 'ms' },
        { what: 'bare p99', value: p99('theirs'), unit: 'ms' },
        {
          what: 'ratio of p99',
          value: middle(({ ours, theirs }) => ours.latency.p99 / Math.max(1, theirs.latency.p99)),
          unit: 'ratio',
          target: '<= 3',
        },
      ],
    },
  ];
}

async function load(origin: string, headers: Record<string, string>) {
  const result = await autocannon({
    url: `${origin}/v1/incidents`,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: incident,
    connections: CONNECTIONS,
    duration: ROUND_SECONDS,
  });
  const wrong = result.non2xx + result.errors + result.timeouts;
  if (wrong > 0) throw new Error(`${wrong} requests to ${origin} did not succeed`);
  return result;
}

async function apiKey(dataDir: string, ready: { origin: string; smtpPort: number }) {
  const firstRun = JSON.parse(await readFile(join(dataDir, 'first-run.json'), 'utf8'));
  const platform = await signIn(ready.origin, firstRun.email, firstRun.password);
  const stage = { ...ready, firstRun, tell: () => undefined };
  const { admin } = await makeDepartment(stage, platform, 'fairvale');
  const made = await admin.post('/v1/api-keys', { name: 'bench', scopes: ['incidents:write'] });
  return made.body.key as string;
}
