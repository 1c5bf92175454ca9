/**
 * What machines ask a process that has no public door: is it alive, does it reach the bus, what are
 * its figures. It listens on a port of its own, for the machine and its private network only.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';
import type { Bus } from './ports/bus.ts';

/** A bus that does not answer within this time is down as far as whoever asks is concerned. */
const PING_TIMEOUT_MS = 2_000;
const HEADERS_TIMEOUT_MS = 5_000;

export interface Probes extends AsyncDisposable {
  readonly port: number;
}

/** Rejects when the port cannot be had. Port 0 takes a free one. */
export async function openProbes(parts: {
  readonly host: string;
  readonly port: number;
  readonly bus: Bus;
  readonly metrics: Metrics;
}): Promise<Probes> {
  const server = createServer((request, response) => {
    request.resume();
    // Nobody waits for it: whatever goes wrong is the answer.
    void answer(parts, request.method ?? '', request.url ?? '', response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.listen(parts.port, parts.host);
  await once(server, 'listening');
  return {
    // A server that listens on TCP has an address of this kind.
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether the bus answers, within PING_TIMEOUT_MS. Never rejects. */
export async function reaches(bus: Bus): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
  const answered = bus.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function answer(
  { bus, metrics }: { readonly bus: Bus; readonly metrics: Metrics },
  method: string,
  path: string,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'only GET');
  if (path === '/healthz') return say(response, 200, 'alive');
  if (path === '/readyz') {
    return (await reaches(bus)) ? say(response, 200, 'ready') : say(response, 503, 'no bus');
  }
  if (path !== '/metrics') return say(response, 404, 'not found');
  try {
    response.setHeader('Content-Type', metrics.contentType);
    say(response, 200, await metrics.text());
  } catch {
    // A gauge that cannot be read; the process itself is not the worse for it.
    say(response, 500, 'no figures');
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(`${text}\n`);
}
