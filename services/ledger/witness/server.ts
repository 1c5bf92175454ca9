/** The HTTP of a witness: one path, small bodies, little patience. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Witness, WitnessAnswer } from './witness.ts';

/** 63 hashes and a note with a hundred signatures fit in many times. */
const BODY_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 256;

export interface WitnessServer extends AsyncDisposable {
  readonly url: string;
}

export async function openWitnessServer(
  witness: Witness,
  listen: { readonly host: string; readonly port: number },
  failed: (error: unknown) => void,
): Promise<WitnessServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void serve(witness, request, response, failed),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => resolve());
  });
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await closed;
    },
  };
}

async function serve(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
  failed: (error: unknown) => void,
): Promise<void> {
  try {
    const { status, type, body } = await answerTo(witness, request);
    const headers = { 'content-type': type, 'x-content-type-options': 'nosniff' };
    response.writeHead(status, headers).end(body);
  } catch (error) {
    // A connection that ended early, or a store that fails: nothing was signed.
    failed(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

async function answerTo(
  witness: Witness,
  request: IncomingMessage,
): Promise<Omit<WitnessAnswer, 'status'> & { readonly status: number }> {
  const type = 'text/plain; charset=utf-8';
  if (request.url !== '/add-checkpoint') return { status: 404, type, body: 'Not here.\n' };
  if (request.method !== 'POST') return { status: 405, type, body: 'POST a checkpoint here.\n' };
  const body = await bodyOf(request);
  if (body === undefined) return { status: 413, type, body: 'The body is too large.\n' };
  return witness.addCheckpoint(body);
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
