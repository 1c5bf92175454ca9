import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Http, Operation } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import type { Answer } from '#shared/client.ts';
import { etagOf, isNoneMatch, isPreferred } from './headers.ts';

/** Turns an operation's answer into HTTP: status, headers and body follow from its declaration. */
export function sendAnswer(
  operation: Operation,
  answer: Answer<Operation>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status = 200, method } = operation.http ?? {};
  const { body, version, receipt } = answer;
  if (version !== undefined && operation.versioned === true) {
    void reply.header('etag', etagOf(version));
    const known = isNoneMatch(request.headers['if-none-match'], version);
    if (method === 'GET' && known) return reply.code(304).send();
  }
  if (receipt !== undefined) {
    void reply.header('ledger-receipt', `${receipt.seq} ${receipt.leafHash}`);
  }
  const made = { ...cachingOf(operation), ...locationOf(operation, body) };
  void reply.code(status).headers({ ...answer.headers, ...made });
  if (answer.next !== undefined) void reply.header('link', nextLink(request.url, answer.next));
  if (status === 204 || status === 303) return reply.send();
  return sendBody(operation, answer, request, reply);
}

/** JSON, text or bytes, as declared. */
function sendBody(
  { http }: Operation,
  answer: Answer<Operation>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { answers, textForm } = http ?? {};
  const { body } = answer;
  if (textForm !== undefined) {
    void reply.header('vary', 'accept');
    const text = textAt(body, textForm.field);
    if (wantsText(textForm, request))
      return reply.type(`${textForm.type}; charset=utf-8`).send(text);
  }
  return answers === undefined
    ? reply.send(body)
    : reply
        .type(textTypeOf(answers, answer.mediaType))
        .send(Buffer.isBuffer(body) ? body : String(body));
}

/** What a service says its text is counts only among what the operation declares. */
function textTypeOf(answers: string | readonly string[], mediaType: string | undefined): string {
  const declared = [answers].flat();
  const type = declared.find((each) => each === mediaType) ?? declared[0];
  if (type === undefined) throw new Error('an operation answers text of no type');
  return type;
}

/** RFC 8288: the same request with other parameters, as a reference relative to this host. */
function nextLink(url: string, parameters: Readonly<Record<string, string>>): string {
  const { pathname, searchParams } = new URL(url, 'http://relative');
  for (const [name, value] of Object.entries(parameters)) searchParams.set(name, value);
  return `<${pathname}?${searchParams}>; rel="next"`;
}

/** What is not for everybody is kept for the one who asked, and not for who signs in there next. */
function cachingOf({ http, permission }: Operation): Readonly<Record<string, string>> {
  if (http?.cacheControl === undefined) return {};
  const vary: Readonly<Record<string, string>> =
    permission === 'anyone' ? {} : { vary: 'authorization, cookie' };
  return { 'cache-control': http.cacheControl, ...vary };
}

function wantsText(
  { format, type }: NonNullable<Http['textForm']>,
  { query, headers }: FastifyRequest,
): boolean {
  const asked = textAt(query, 'format');
  return asked === '' ? isPreferred(headers.accept, type) : asked === format;
}

/** 201: where the thing can be read, if it can. 303: where to go on. */
function locationOf(operation: Operation, body: unknown): Readonly<Record<string, string>> {
  const { status, path } = operation.http ?? {};
  if (status === 303) return { location: textAt(body, 'url') };
  const id = textAt(body, 'id');
  const isReadable = status === 201 && id !== '' && readablePaths.has(`${path}/{id}`);
  return isReadable ? { location: `${path}/${encodeURIComponent(id)}` } : {};
}

const readablePaths = new Set(
  operations.flatMap(({ http }) => (http?.method === 'GET' ? [http.path] : [])),
);

function textAt(body: unknown, key: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value = Object.entries(body).find(([name]) => name === key)?.[1];
  return typeof value === 'string' ? value : '';
}
