/**
 * A route for each operation, made from its declaration.
 *
 * 1. Who calls (identify.ts). A caller without an identity goes no further than `anyone` lets it.
 * 2. A browser's change must come from a page of our own.
 * 3. Limits of the session or key; then media type and headers.
 * 4. The call goes to the operation's service with a signed caller context. Permission and input are
 *    checked there, by the guard that stands before every handler.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallerClaims } from '#contracts/caller.ts';
import { type Http, type Operation, parametersIn, pathWith } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import type { CallOptions } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import { type About, type Credentials, credentialsOf } from '../identity/identify.ts';
import { sendAnswer } from './answer.ts';
import type { Ask } from './ask.ts';
import {
  headerProblem,
  idempotencyKeyOf,
  ifMatchOf,
  takesIfMatch,
  takesPrefer,
  waitSecondsOf,
} from './headers.ts';
import type { Names } from './hosts.ts';
import { askForAll } from './pieces.ts';
import { type AskWatching, sendWatched } from './progress.ts';
import type { RateLimits } from './rate-limits.ts';

const AGENT_CHARS_MAX = 256;
/** An IPv6 address with its zone; what a proxy says can be anything. */
const ADDRESS_CHARS_MAX = 64;

export interface RouteParts {
  readonly identify: (credentials: Credentials, about: About) => Promise<CallerClaims>;
  readonly rates: RateLimits;
  readonly names: () => Names;
  readonly ask: Ask;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body of an operation's request is read. */
    caller: CallerClaims | undefined;
  }
}

const changing = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);
const methods = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'] as const;

export function addRoutes(app: FastifyInstance, parts: RouteParts): void {
  app.decorateRequest('caller', undefined);
  const served = operations.flatMap((operation) =>
    operation.http === undefined ? [] : [{ operation, http: operation.http }],
  );
  for (const { operation, http } of served) addRoute(app, parts, operation, http);
  const byPath = Map.groupBy(served, ({ http }) => http.path);
  for (const [path, routes] of byPath) {
    const taken = routes.map(({ http }) => http.method);
    refuseOtherMethods(app, path, taken.includes('GET') ? ['HEAD', ...taken] : taken);
  }
}

/** RFC 9110 section 15.5.6: 405 says in `Allow` what the path does take. */
export function refuseOtherMethods(
  app: FastifyInstance,
  path: string,
  taken: readonly string[],
): void {
  const allow = taken.toSorted().join(', ');
  app.route({
    method: methods.filter((method) => !taken.includes(method)),
    url: fastifyPath(path),
    // Before the body is looked at: whatever it is, the answer is the same.
    onRequest: async (_request, reply) => {
      void reply.header('allow', allow);
      throw new Problem('method-not-allowed', { detail: `This path takes ${allow}.` });
    },
    handler: () => undefined,
  });
}

function addRoute(app: FastifyInstance, parts: RouteParts, operation: Operation, http: Http): void {
  // A read shows what is for everybody: no password or token can be tried there.
  const isSignIn = operation.permission === 'anyone' && changing.has(http.method);
  app.route({
    method: http.method,
    url: fastifyPath(http.path),
    config: isSignIn ? { door: 'sign-in' } : {},
    onRequest: async (request, reply) => {
      request.caller = await findCaller(parts, operation, request, reply);
      assertMediaType(http, request);
    },
    handler: async (request, reply) => {
      const { caller, body } = request;
      // Cannot be: the hook above has set it, or thrown.
      if (caller === undefined) throw new Error('a request reached its handler without a caller');
      const options = optionsOf(operation, request, reply);
      const params = namedParams(http, request.params);
      const input = { params, query: singleValues(request.query), body };
      if (operation.progress !== undefined) {
        const ask: AskWatching = (watching) =>
          parts.ask(operation, input, caller, { ...options, watching });
        return sendWatched(operation, ask, request, reply);
      }
      const answer = await askForAll(parts.ask, operation, input, caller, options);
      return sendAnswer(operation, answer, request, reply);
    },
  });
}

async function findCaller(
  { identify, rates, names }: RouteParts,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<CallerClaims> {
  const credentials = credentialsOf(request.headers);
  // A stale cookie must not keep anybody from signing in again.
  const isOpen = operation.permission === 'anyone';
  if (!isOpen && credentials.kind === 'none') {
    throw new Problem('unauthenticated', {
      detail: 'Sign in for a session cookie, or send Authorization: Bearer with an API key.',
    });
  }
  const caller = await identify(isOpen ? { kind: 'none' } : credentials, aboutOf(request));
  const { tenant, subject, session } = caller;
  request.whoAsks = { tenant, subject: subject.id };
  assertOwnOrigin(request, credentials, names());
  if (!isOpen) void reply.headers(await rates.byCaller(session ?? subject.id));
  return caller;
}

function aboutOf({ id, ip, headers }: FastifyRequest): About {
  const agent = headers['user-agent']?.slice(0, AGENT_CHARS_MAX);
  const address = ip.slice(0, ADDRESS_CHARS_MAX);
  return { requestId: id, address, ...(agent ? { agent } : {}) };
}

/**
 * A browser sends the cookie with whatever page makes it ask. It also says which page: a change is
 * taken only from our own. Without a cookie a foreign page could still sign its visitor in as
 * somebody else, so that an `Origin` that is there must be ours in any case; an API key is sent by
 * nobody unasked.
 */
function assertOwnOrigin(
  { method, headers }: FastifyRequest,
  { kind }: Credentials,
  { origins }: Names,
): void {
  if (!changing.has(method) || kind === 'key') return;
  const { origin } = headers;
  if (origin === undefined ? kind === 'none' : origins.has(origin)) return;
  throw new Problem('origin-mismatch', {
    detail:
      'A change with the session cookie needs the Origin header of this service. ' +
      'Programs use an API key, or send Origin themselves.',
  });
}

/** JSON, or what else the operation takes; in UTF-8, and not packed. */
function assertMediaType(
  { accepts, acceptsBytes }: Http,
  { headers, mediaType }: FastifyRequest,
): void {
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } = headers;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1] ?? 'utf-8';
  const taken = [
    'application/json',
    ...[accepts, acceptsBytes?.type].filter((each) => each !== undefined),
  ];
  const isTaken = type === undefined || taken.includes(mediaType ?? '');
  const isPlain = charset.toLowerCase() === 'utf-8' && encoding.toLowerCase() === 'identity';
  if (isTaken && isPlain) return;
  throw new Problem('unsupported-media-type', {
    detail: `Send ${taken.join(' or ')} in UTF-8, without Content-Encoding.`,
  });
}

function optionsOf(
  operation: Operation,
  { headers, span }: FastifyRequest,
  reply: FastifyReply,
): CallOptions {
  const idempotencyKey = idempotencyKeyOf(one(headers['idempotency-key']));
  if (headers['if-match'] !== undefined && !takesIfMatch(operation)) {
    throw headerProblem('if-match', 'has no meaning for this operation; leave it out');
  }
  if (idempotencyKey !== undefined && operation.idempotent !== true) {
    throw headerProblem('idempotency-key', 'has no meaning for this operation; leave it out');
  }
  const ifMatch = ifMatchOf(headers['if-match']);
  const waitSeconds = takesPrefer(operation) ? waitSecondsOf(one(headers.prefer)) : undefined;
  if (waitSeconds !== undefined) void reply.header('preference-applied', `wait=${waitSeconds}`);
  return {
    traceparent: span?.traceparent,
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(waitSeconds === undefined ? {} : { receiptWaitMs: waitSeconds * 1000 }),
  };
}

/** A key given twice has no one value; which one was meant is not ours to say. */
function singleValues(query: unknown): unknown {
  const twice = Object.entries(Object(query)).find(([, value]) => Array.isArray(value));
  if (twice === undefined) return query;
  throw new Problem('validation', {
    detail: `Mend #/query/${twice[0]} and send it again.`,
    errors: [{ pointer: `#/query/${twice[0]}`, detail: 'must be given once' }],
  });
}

/** Node joins a repeated header of these names by commas; only its types do not say so. */
function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' || header === undefined ? header : header.join(', ');
}

function fastifyPath(path: string): string {
  return pathWith(path, (name, takesRest) => (takesRest ? '*' : `:${name}`));
}

/** The framework calls the rest of a path `*`; it is the last parameter. */
function namedParams({ path }: Http, params: unknown): unknown {
  const { '*': rest, ...named } = Object(params) as Readonly<Record<string, unknown>>;
  const last = parametersIn(path).at(-1);
  return rest === undefined || last === undefined ? params : { ...named, [last]: rest };
}
