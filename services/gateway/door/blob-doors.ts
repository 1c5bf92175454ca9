/**
 * The end of the signed URLs of stores that have no HTTP door of their own. The ticket in the path is
 * the whole authority: it pins store, key, type, length and hash, and ends by itself. Bytes stream
 * through; the JSON limits of the other routes do not hold here, the ticket's do.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { FILE_BYTES_MAX } from '#contracts/limits.ts';
import type { ProblemCode } from '#contracts/problems.ts';
import type { BlobDoor, DoorAnswer } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import { refuseOtherMethods } from './routes.ts';

const PATH = '/blobs/{store}/{ticket}';
const URL = '/blobs/:store/:ticket';
const config = { door: 'upload' } as const;

interface Params {
  readonly store: string;
  readonly ticket: string;
}

export function addDoors(app: FastifyInstance, doors: Readonly<Record<string, BlobDoor>>): void {
  const byName = new Map(Object.entries(doors));
  const doorOf = (store: string): BlobDoor => {
    const door = byName.get(store);
    if (door === undefined) throw new Problem('not-found', { detail: 'There is no such store.' });
    return door;
  };
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The bytes are the store's to read, whatever type they say they are.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.put<{ Params: Params }>(
      URL,
      { config, bodyLimit: FILE_BYTES_MAX },
      async (request, reply) => {
        const { store, ticket } = request.params;
        const headers = singleHeaders(request.raw.headers);
        const answer = await doorOf(store).accept({ ticket, headers, body: request.raw });
        // A client hears why only when it has sent everything; what has no end is cut off instead.
        const isBounded = Number(headers['content-length']) <= FILE_BYTES_MAX;
        if (!isBounded) void reply.header('connection', 'close');
        return send(reply, answer);
      },
    );
    // No HEAD: it would open the object only to throw it away.
    scope.get<{ Params: Params }>(
      URL,
      { config, exposeHeadRoute: false },
      async (request, reply) => {
        const { store, ticket } = request.params;
        return send(reply, await doorOf(store).serve(ticket));
      },
    );
  });
  refuseOtherMethods(app, PATH, ['GET', 'PUT']);
}

const codes: Readonly<Record<number, ProblemCode>> = {
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'too-large',
  415: 'unsupported-media-type',
  422: 'content-mismatch',
};

function send(reply: FastifyReply, { status, headers, body, detail }: DoorAnswer): FastifyReply {
  if (status >= 400) {
    const code = codes[status] ?? (status < 500 ? 'validation' : 'internal');
    throw new Problem(code, detail === undefined ? {} : { detail });
  }
  void reply.code(status).headers(headers);
  return body === undefined ? reply.send() : reply.send(body);
}

function singleHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | undefined> {
  const single = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'object' ? value.join(', ') : value,
  ]);
  return Object.fromEntries(single);
}
