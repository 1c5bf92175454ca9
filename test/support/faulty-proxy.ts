import { once } from 'node:events';
import {
  request as askEngine,
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';

/**
 * What becomes of one request on its way:
 * - `pass`: nothing happens to it.
 * - `throttle`, `refuse`: answered in the engine's place, as too many or as a fault inside; the engine
 *   never sees it.
 * - `lose`: the connection breaks before the engine has it.
 * - `break`, `fail`: the engine carries it out; then the connection breaks, or a fault is answered.
 */
export type Fate = 'pass' | 'throttle' | 'refuse' | 'lose' | 'break' | 'fail';

export interface FaultyProxy extends AsyncDisposable {
  readonly url: string;
  /** Requests that met each fate. */
  readonly met: Readonly<Record<Fate, number>>;
}

const THROTTLED = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'slow down' },
};
const FAULT = {
  status: 500,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'a fault' },
};

/** Stands between an adapter and its engine; `fate` hears the operation that is asked for. */
export async function openFaultyProxy(
  engine: string,
  fate: (operation: string) => Fate,
): Promise<FaultyProxy> {
  const met = { pass: 0, throttle: 0, refuse: 0, lose: 0, break: 0, fail: 0 };
  const server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const which = fate(operation);
    met[which] += 1;
    // A connection that broke leaves nobody to be told.
    carryOut({ engine, fate: which, request, response }).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    met,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function carryOut(about: {
  readonly engine: string;
  readonly fate: Fate;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}): Promise<void> {
  const { engine, fate, request, response } = about;
  const body = Buffer.concat(await request.toArray());
  if (fate === 'lose') return void response.destroy();
  if (fate === 'throttle') return answer(response, THROTTLED);
  if (fate === 'refuse') return answer(response, FAULT);
  const { method, headers, url = '/' } = request;
  const forwarded = askEngine(new URL(url, engine), { method: method ?? 'POST', headers });
  forwarded.end(body);
  const [answered] = (await once(forwarded, 'response')) as [IncomingMessage];
  const bytes = Buffer.concat(await answered.toArray());
  if (fate === 'break') return void response.destroy();
  if (fate === 'fail') return answer(response, FAULT);
  response.writeHead(answered.statusCode ?? 502, answered.headers).end(bytes);
}

function answer(response: ServerResponse, given: { status: number; body: object }): void {
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  response.writeHead(given.status, headers).end(JSON.stringify(given.body));
}
