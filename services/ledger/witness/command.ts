import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openHost } from '#shared/open.ts';
import { isKeyName, parseVerifierKey, type VerifierKey } from '../portable/note.ts';
import { openWitnessServer } from './server.ts';
import { openWitness, type WatchedLog } from './witness.ts';

export interface WitnessSettings {
  /** A folder of its own: keys and the last heads. */
  readonly dataDir: string;
  /** Verifier keys of the logs. */
  readonly logs: readonly string[];
  /** Absent: the names of the keys are the origins. */
  readonly origin?: string;
  /** `PORT`, `HOST:PORT` or `[HOST]:PORT`. */
  readonly listen: string;
  /** Absent: `watchdesk-witness`. */
  readonly name?: string;
}

export interface RunningWitness extends AsyncDisposable {
  readonly verifierKey: string;
  readonly url: string;
}

/** `watchdesk witness`: runs until it is disposed. Throws a sentence for what does not fit. */
export async function runWitness(settings: WitnessSettings): Promise<RunningWitness> {
  const { dataDir, name = 'watchdesk-witness' } = settings;
  if (!isKeyName(name)) throw new Error('--name must hold no space and no +.');
  const logs = watchedLogs(settings);
  const listen = listenAt(settings.listen);
  await assertOwnFolder(dataDir);
  await using opened = new AsyncDisposableStack();
  const clock = Date.now;
  // It has no public URLs of its own.
  const publicOrigin = () => 'http://localhost';
  const host = opened.use(await openHost({ dataDir, publicOrigin, clock }));
  const tables = await host.tables('ledger');
  const witness = await openWitness({ tables, vault: host.vault, clock, name, logs });
  const { url } = opened.use(await openWitnessServer(witness, listen, tellFailure));
  const stack = opened.move();
  const { verifierKey } = witness;
  return { verifierKey, url, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Standard output is for the one line that a program reads. */
function tellFailure(error: unknown): void {
  const what = error instanceof Error ? error.message : String(error);
  process.stderr.write(`a request failed: ${what}\n`);
}

function watchedLogs({ logs, origin }: WitnessSettings): WatchedLog[] {
  if (logs.length === 0) throw new Error('Give --log VKEY, once for each key of a log.');
  const keys = logs.map((text) => {
    const key = parseVerifierKey(text);
    if (key === undefined) throw new Error(`${text} is no verifier key: copy all of it.`);
    return key;
  });
  const byOrigin = Map.groupBy(keys, (key: VerifierKey) => origin ?? key.name);
  return [...byOrigin].map(([each, itsKeys]) => ({ origin: each, keys: itsKeys }));
}

function listenAt(text: string): { readonly host: string; readonly port: number } {
  const [, host = '127.0.0.1', digits] = /^(?:\[?([^\]]+?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port <= 65_535)) throw new Error('--listen takes PORT or HOST:PORT.');
  return { host, port };
}

/** A witness beside the log it watches would fall with it, and prove nothing. */
async function assertOwnFolder(dataDir: string): Promise<void> {
  const isServers = await access(join(dataDir, 'gateway')).then(
    () => true,
    () => false,
  );
  if (isServers) throw new Error(`${dataDir} is the server's. Give the witness its own folder.`);
}
