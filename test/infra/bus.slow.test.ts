import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { openNatsBus } from '#shared/nats/bus.ts';
import { until } from '#test/support/api.ts';
import { hasNatsServer, hasOpenssl } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort } from '#test/support/processes.ts';
import { putBusSecrets } from '#test/support/secured-bus.ts';

const TEST_MS_MAX = 60_000;
const SUBJECT = 'ledger.event.append';
const SERVERS = 3;

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  stop(): Promise<number | null>;
}

test.skipIf(!(hasNatsServer() && hasOpenssl()))(
  'servers of the bus are one, and take a changed password without losing what was acknowledged',
  async () => {
    await using opened = new AsyncDisposableStack();
    const { path: secrets } = opened.use(await temporaryFolder());
    await putBusSecrets(secrets);
    const clusterPort = await freePort();
    const servers: Server[] = [];
    for (let made = 0; made < SERVERS; made += 1) {
      const folder = opened.use(await temporaryFolder()).path;
      const own = made === 0 ? clusterPort : await freePort();
      servers.push(opened.use(await startServer({ secrets, folder, own, clusterPort })));
    }
    const openAs = async (name: string, server: Server | undefined) =>
      opened.use(
        await openNatsBus({
          url: `tls://localhost:${server?.port}`,
          name,
          user: name,
          passwordFile: join(secrets, `${name}.password`),
          caFile: join(secrets, 'bus-authority.pem'),
        }),
      );
    const [asker, worker] = [
      await openAs('gateway', servers[0]),
      await openAs('ledger', servers[2]),
    ];
    const done = new Set<unknown>();
    await worker.serve(SUBJECT, {
      inFlightMax: 16,
      async answer({ body }) {
        done.add(body);
        return body;
      },
    });
    const acknowledged: number[] = [];
    let asked = 0;
    const ask = async () => {
      asked += 1;
      const answer = await asker.request(SUBJECT, asked, { timeoutMs: 500 }).catch(() => undefined);
      if (answer !== undefined) acknowledged.push(asked);
      return answer;
    };
    // From one server to another: they have found each other.
    await until('an answer', ask, (answer) => answer !== undefined);

    const before = await readFile(join(secrets, 'ledger.password'), 'utf8');
    const loading = new AbortController();
    const load = (async () => {
      while (!loading.signal.aborted) {
        await ask();
        await sleep(5);
      }
    })();
    await replace(secrets, 'ledger.password', 'another-password-of-ledger');
    const port = servers[1]?.port ?? 0;
    await until(
      'the new password to be taken',
      () => lets(secrets, port, 'another-password-of-ledger'),
      (isIn) => isIn,
    );
    expect(await lets(secrets, port, before)).toBe(false);
    const soFar = acknowledged.length;
    await until(
      'the work to go on',
      async () => acknowledged.length,
      (count) => count > soFar + 20,
    );
    loading.abort();
    await load;
    expect(acknowledged.filter((each) => !done.has(each))).toEqual([]);

    const { mode } = await stat(join(servers[0]?.folder ?? '', 'nats.conf'));
    expect(mode & 0o777).toBe(0o600);
    for (const server of servers) expect(await server.stop()).toBe(0);
  },
  TEST_MS_MAX,
);

test('a server without its secrets does not start, and says which', async () => {
  await using folder = await temporaryFolder();
  const child = spawn(process.execPath, ['infra/bus/start.ts'], {
    env: { PATH: process.env.PATH ?? '', SECRETS_FOLDER: folder.path, RUN_FOLDER: folder.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(1);
  expect(text).toMatch(/^bus did not start: .*gateway\.password/);
});

async function replace(folder: string, file: string, text: string): Promise<void> {
  await writeFile(join(folder, `${file}.new`), text);
  await rename(join(folder, `${file}.new`), join(folder, file));
}

async function startServer(about: {
  readonly secrets: string;
  readonly folder: string;
  readonly own: number;
  readonly clusterPort: number;
}): Promise<Server> {
  const { secrets, folder, own, clusterPort } = about;
  const port = await freePort();
  const child = spawn(process.execPath, ['infra/bus/start.ts'], {
    env: {
      PATH: process.env.PATH ?? '',
      SECRETS_FOLDER: secrets,
      RUN_FOLDER: folder,
      BUS_HOST: '127.0.0.1',
      BUS_PORT: String(port),
      BUS_CLUSTER_PORT: String(own),
      BUS_MONITOR_PORT: String(await freePort()),
      BUS_CLUSTER_ROUTE: `tls://localhost:${clusterPort}`,
      BUS_RELOAD_DELAY_SECONDS: '0.5',
    },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    const [code] = await ended;
    return code;
  };
  return {
    port,
    folder,
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop();
    },
  };
}

/** Whether a server lets the ledger in by that password. */
async function lets(secrets: string, port: number, pass: string): Promise<boolean> {
  const tls = { caFile: join(secrets, 'bus-authority.pem') };
  const settings = { servers: `localhost:${port}`, user: 'ledger', pass, tls, reconnect: false };
  const connection = await connect(settings).catch(() => undefined);
  await connection?.close();
  return connection !== undefined;
}
