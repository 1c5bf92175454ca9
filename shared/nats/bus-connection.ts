import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { disconnected } from './bus-messages.ts';
import { inboxPrefixOf } from './bus-permissions.ts';

/** The bus may be started after the services: an opening waits this long for it. */
const OPEN_MS_MAX = 15_000;
const OPEN_PAUSE_MS = 250;
const NOT_THERE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);
const HANDSHAKE_MS_MAX = 5_000;
/** Between tries to come back, for ever; a random part keeps services from coming all at once. */
const RECONNECT_PAUSE_MS = 250;
const RECONNECT_JITTER_MS = 250;
/** A link that died without a word is noticed after two of these. */
const HEARTBEAT_MS = 10_000;
const HEARTBEATS_MISSED_MAX = 2;
const ROUND_TRIP_MS_MAX = 2_000;

export interface NatsSettings {
  /** `nats://host:port`, or `tls://host:port` for a server with TLS. */
  readonly url: string;
  readonly user?: string;
  /** File with the password alone; read at each connection, so that it can be changed. */
  readonly passwordFile?: string;
  /** PEM file of the authority that signed the server's certificate; needed with `tls:`. */
  readonly caFile?: string;
  /** Of the service: the server's log shows it, and its inboxes begin with `_INBOX_<name>`. */
  readonly name: string;
}

export interface Connection extends AsyncDisposable {
  readonly nc: NatsConnection;
  readonly name: string;
  /** Throws Problem `unavailable` while there is no connection, or after `refuse`. */
  assertUp(): void;
  /** From now on the connection is only there for what is under way. */
  refuse(): void;
  /** Resolves when the server has heard everything sent before. */
  roundTrip(): Promise<void>;
}

export async function openConnection(settings: NatsSettings): Promise<Connection> {
  const nc = await connectWithin(optionsOf(settings));
  let up = true;
  const watching = watch(nc, (state) => {
    up = state;
  });
  let refusing = false;
  return {
    nc,
    name: settings.name,
    assertUp() {
      if (!up || refusing) throw disconnected();
    },
    refuse() {
      refusing = true;
    },
    async roundTrip() {
      if (!up || refusing) throw disconnected();
      await answered(nc.flush());
    },
    async [Symbol.asyncDispose]() {
      // What was sent last, answers above all, goes out first; without a link nothing can.
      if (up && !nc.isClosed()) await answered(nc.flush()).catch(() => undefined);
      await nc.close();
      await watching;
    },
  };
}

function optionsOf({ url, user, passwordFile, caFile, name }: NatsSettings): NodeConnectionOptions {
  const { protocol, host } = new URL(url);
  if (protocol === 'tls:' && caFile === undefined) {
    throw new Error('a bus address that begins with tls: needs the file of its authority');
  }
  const passwordOf = () =>
    passwordFile === undefined ? '' : readFileSync(passwordFile, 'utf8').trimEnd();
  return {
    servers: host,
    name,
    inboxPrefix: inboxPrefixOf(name),
    timeout: HANDSHAKE_MS_MAX,
    // Never by half: with the one authority that was named, or not at all.
    tls: protocol === 'tls:' && caFile !== undefined ? { caFile } : null,
    ...(user === undefined ? {} : { authenticator: () => ({ user, pass: passwordOf() }) }),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_PAUSE_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    pingInterval: HEARTBEAT_MS,
    maxPingOut: HEARTBEATS_MISSED_MAX,
    noAsyncTraces: true,
  };
}

/** A server that is not there yet is waited for; anything else is a fault to be seen at once. */
async function connectWithin(options: NodeConnectionOptions): Promise<NatsConnection> {
  const endsAt = performance.now() + OPEN_MS_MAX;
  for (;;) {
    try {
      return await connect(options);
    } catch (error) {
      if (!isNotThere(error) || performance.now() > endsAt) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`the bus at ${options.servers} cannot be used: ${why}`, { cause: error });
      }
    }
    await sleep(OPEN_PAUSE_MS);
  }
}

function isNotThere(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true;
  return NOT_THERE.has(codeOf(error) ?? '') || NOT_THERE.has(codeOf(causeOf(error)) ?? '');
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return String(error.code);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

async function watch(nc: NatsConnection, tell: (up: boolean) => void): Promise<void> {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect' || status.type === 'close') tell(false);
    if (status.type === 'reconnect') tell(true);
    if (status.type === 'staleConnection') cutOff(nc);
  }
}

/**
 * The client library gives a silent link up only when all that waits to be sent has gone out: where
 * the other machine is gone, that is when TCP gives up, after a quarter of an hour. The socket is not
 * part of its documented face; without it the process ends, and starts anew with a new link.
 */
function cutOff(nc: NatsConnection): void {
  // Looked at, not trusted: what is no socket is told from one right here.
  const { protocol } = nc as { readonly protocol?: { readonly transport?: { socket?: unknown } } };
  const socket = protocol?.transport?.socket;
  // Closed already, where nothing waited.
  if (socket === undefined && protocol?.transport !== undefined) return;
  if (!(socket instanceof Socket)) throw new Error('a silent link to the bus cannot be cut off');
  socket.destroy();
}

/** Rejects with Problem `unavailable` when the server does not answer. */
async function answered(flushed: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(disconnected()), ROUND_TRIP_MS_MAX);
  try {
    await Promise.race([flushed.catch(() => Promise.reject(disconnected())), late]);
  } finally {
    clearTimeout(timer);
  }
}
