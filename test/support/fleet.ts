/** An installation in the aws profile: two instances of each service, each a process of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceName } from '#contracts/caller.ts';
import { until } from './api.ts';
import type { Installation } from './aws-installation.ts';
import { freePort, type Running, startProcess } from './processes.ts';

/** Which of the two instances of a service. */
export type Place = 1 | 2;
export const places: readonly Place[] = [1, 2];

export interface Instance {
  readonly service: ServiceName;
  readonly place: Place;
  /** `ledger-2`. */
  readonly name: string;
  start(): Promise<void>;
  /** Answers the exit code; `null` after SIGKILL. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** It stands still, and its connections stay open; `resume` lets it go on. */
  pause(): void;
  resume(): void;
  /** What it says at /readyz; no answer is `false`. */
  isReady(): Promise<boolean>;
  /** What the process that runs now has written. */
  lines(): readonly string[];
}

export interface Fleet extends AsyncDisposable {
  readonly instances: readonly Instance[];
  /** Of both gateways. */
  readonly origins: readonly string[];
  readonly firstRun: { readonly email: string; readonly password: string };
  instance(service: ServiceName, place: Place): Instance;
  /** Waits until the instances say so, all ten if not told otherwise. */
  untilReady(isReady: boolean, which?: (instance: Instance) => boolean): Promise<void>;
}

/** Who is asked before those that ask. */
const STARTING: readonly ServiceName[] = [
  'ledger',
  'core-records',
  'files',
  'cad-ingest',
  'gateway',
];
/** Two busy cores start a process in seconds, and a lost link shows after two heartbeats. */
const READY_MS_MAX = 90_000;
/** Longer than the probe itself waits for the bus. */
const PROBE_MS_MAX = 5_000;

export async function startFleet(about: {
  readonly installation: Installation;
  /** Of both gateways: the first administrator is in it. */
  readonly dataDir: string;
  /** The variables by which an instance reaches the bus. */
  busOf(service: ServiceName, place: Place): Readonly<Record<string, string>>;
}): Promise<Fleet> {
  const { installation, dataDir, busOf } = about;
  await using opened = new AsyncDisposableStack();
  const httpPorts = [await freePort(), await freePort()];
  const instances: Instance[] = [];
  for (const service of STARTING) {
    for (const [at, place] of places.entries()) {
      const httpPort = String(service === 'gateway' ? httpPorts[at] : httpPorts[0]);
      const probePort = String(await freePort());
      const environment = {
        ...installation.environment,
        ...busOf(service, place),
        DATA_DIR: dataDir,
        // Of the others it is only what the ledger names its logs by.
        HTTP_PORT: httpPort,
        SMTP_PORT: '0',
        DRAIN_SECONDS: '1',
        PROBE_PORT: probePort,
      };
      const readyAt = service === 'gateway' ? httpPort : probePort;
      instances.push(opened.use(instanceOf({ service, place, environment, readyAt })));
    }
    // Two at a time: more of them would only wait for the processor.
    await Promise.all(instances.slice(-places.length).map((each) => each.start()));
  }
  const firstRun = JSON.parse(await readFile(join(dataDir, 'first-run.json'), 'utf8'));
  const stack = opened.move();
  return {
    instances,
    origins: httpPorts.map((port) => `http://127.0.0.1:${port}`),
    firstRun,
    instance(service, place) {
      const found = instances.find((each) => each.service === service && each.place === place);
      if (found === undefined) throw new Error(`there is no ${service}-${place}`);
      return found;
    },
    async untilReady(isReady, which = () => true) {
      const asked = instances.filter(which);
      const wrong = async () => {
        const said = await Promise.all(asked.map((each) => each.isReady()));
        return asked.filter((_, at) => said[at] !== isReady).map(({ name }) => name);
      };
      const what = isReady ? 'not ready' : 'ready, which they are not';
      await until(what, wrong, (names) => names.length === 0, READY_MS_MAX);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function instanceOf(about: {
  readonly service: ServiceName;
  readonly place: Place;
  readonly environment: Readonly<Record<string, string>>;
  readonly readyAt: string;
}): Instance & AsyncDisposable {
  const { service, place, environment, readyAt } = about;
  const name = `${service}-${place}`;
  let running: Running | undefined;
  let starting: Promise<Running> | undefined;
  const there = () => {
    if (running === undefined) throw new Error(`${name} does not run`);
    return running;
  };
  return {
    service,
    place,
    name,
    async start() {
      starting = startProcess(`services/${service}/main.ts`, environment);
      running = await starting;
    },
    stop: (signal) => there().stop(signal),
    pause: () => there().pause(),
    resume: () => there().resume(),
    async isReady() {
      const signal = AbortSignal.timeout(PROBE_MS_MAX);
      const asking = fetch(`http://127.0.0.1:${readyAt}/readyz`, { signal });
      return asking.then(
        ({ status }) => status === 200,
        () => false,
      );
    },
    lines: () => running?.lines ?? [],
    async [Symbol.asyncDispose]() {
      // One that is just starting has to be there before it can be ended.
      const last = await starting?.catch(() => undefined);
      await last?.[Symbol.asyncDispose]();
    },
  };
}
