/**
 * The HTTP server by itself: limits, what stands on every answer, and the two questions that come
 * before any route: is the caller within the limits, and is it this host that is asked.
 *
 * A request is bounded in time and size at each step: headers by Node, the body by a timer of ours
 * (Node has one deadline for all requests, and uploads need a long one), the answer by the deadline
 * of the bus.
 */
import { randomUUIDv7 } from 'node:crypto';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import {
  REQUEST_BODY_BYTES_MAX,
  REQUEST_TIMEOUT_MS,
  UPLOAD_LIFETIME_SECONDS,
} from '#contracts/limits.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { Problem } from '#shared/problem.ts';
import { beginSpan, type TraceSpan } from '#shared/tracing.ts';
import { isServed, type Names } from './hosts.ts';
import { openJsonBody } from './json-body.ts';
import { problemAnswer, problemOf, refuseConnection } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the 60 s of the usual load balancer: it closes first, so that no request is lost. */
const KEEP_ALIVE_MS = 72_000;
/** A silent connection, of whatever kind. */
const SILENCE_MS = 120_000;
/** Tickets of the signed URLs are the longest parameter; ids are far shorter. */
const PARAM_CHARS_MAX = 4_096;

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * `probe`: asked by machines at whatever address; no limits, no host check. `upload`: has its own
     * bounds of size and time. `sign-in`: credentials can be tried here.
     */
    door?: 'probe' | 'upload' | 'sign-in';
  }
  interface FastifyRequest {
    /** For the log: ids of who asks, once that is known. */
    whoAsks: { readonly tenant: string; readonly subject: string } | undefined;
    /** From its arrival to the end of its answer. */
    span: TraceSpan | undefined;
  }
}

export interface HttpParts {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly rates: RateLimits;
  /** Asked at each request: with port 0 the names are known only once the server listens. */
  readonly names: () => Names;
  readonly securityHeaders: Readonly<Record<string, string>>;
  /** Media types that are read as JSON, besides `application/json`. */
  readonly jsonTypes: readonly string[];
  /** Media types whose bytes become base64 in a field of the body, which is named. */
  readonly byteTypes: ReadonlyMap<string, string>;
  /** Addresses or networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly isStopping: () => boolean;
}

export function openHttp(parts: HttpParts): FastifyInstance {
  const app = fastify({
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUIDv7(),
    requestIdHeader: false,
    trustProxy: parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false,
    bodyLimit: REQUEST_BODY_BYTES_MAX,
    connectionTimeout: SILENCE_MS,
    requestTimeout: UPLOAD_LIFETIME_SECONDS * 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS },
    // Requests that arrive while the server closes are answered, and their connections then closed.
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket, {
        headers: parts.securityHeaders,
        requestId: randomUUIDv7(),
      });
    },
    // No hook runs before this one.
    frameworkErrors: (error, request, reply) => {
      void reply.headers({ ...parts.securityHeaders, 'x-request-id': request.id });
      sendProblem(parts, error, request, reply);
    },
  });
  // Over a count Node drops headers in silence, and with them what a caller relies on. The bytes are
  // bounded already, and over those the request is refused.
  app.server.maxHeadersCount = 0;
  app.removeAllContentTypeParsers();
  const types = ['application/json', ...parts.jsonTypes];
  app.addContentTypeParser(types, { parseAs: 'buffer' }, openJsonBody(app));
  for (const [type, field] of parts.byteTypes) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
      done(null, { [field]: bytes.toString('base64') });
    });
  }
  app.decorateRequest('whoAsks', undefined);
  app.decorateRequest('span', undefined);
  app.addHook('onRequest', async (request, reply) => traceRequest(request, reply));
  app.addHook('onRequest', async (request, reply) => admitRequest(parts, request, reply));
  app.addHook('onSend', async (_request, reply) => {
    // Each connection ends with its next answer; none is left to wait for when the server closes.
    if (parts.isStopping()) void reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => logAnswer(parts.log, request, reply));
  app.setNotFoundHandler(() => {
    throw new Problem('not-found', { detail: 'There is nothing at this path.' });
  });
  app.setErrorHandler((error, request, reply) => sendProblem(parts, error, request, reply));
  return app;
}

/** Of the route's pattern and not the path, as the log: a path can hold a token. */
function traceRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { method, routeOptions, headers, id } = request;
  const { url: route, config } = routeOptions;
  if (config.door === 'probe') return;
  const { traceparent: parent } = headers;
  const span = beginSpan({
    name: route === undefined ? method : `${method} ${route}`,
    kind: 'server',
    parent: typeof parent === 'string' ? parent : undefined,
    attributes: {
      'http.request.method': method,
      'watchdesk.request.id': id,
      ...(route === undefined ? {} : { 'http.route': route }),
    },
  });
  request.span = span;
  // Also when the caller has gone: a span that does not end is not seen.
  reply.raw.once('close', () => {
    span.note({ 'http.response.status_code': reply.statusCode });
    span.end(reply.statusCode);
  });
}

async function admitRequest(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  void reply.headers({ ...parts.securityHeaders, 'x-request-id': request.id });
  const { door } = request.routeOptions.config;
  if (door === 'probe') return;
  if (door !== 'upload' && hasBody(request)) boundBody(request, reply);
  const kind = door === 'sign-in' ? 'sign-in' : 'request';
  void reply.headers(await parts.rates.byAddress(request.ip, kind));
  if (hasOneHost(request) && isServed(parts.names(), request.headers.host)) return;
  throw new Problem('misdirected-host', {
    detail: 'Ask by the host name of this service, in the Host header.',
  });
}

/**
 * One host in one place. With two `Host` headers, or one more in the request line, a proxy in front
 * may have looked at another than we do (RFC 9112 section 3.2).
 */
function hasOneHost({ raw }: FastifyRequest): boolean {
  const names = raw.rawHeaders.filter((_, at) => at % 2 === 0);
  const hosts = names.filter((name) => name.toLowerCase() === 'host');
  return hosts.length === 1 && raw.url?.startsWith('/') === true;
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/** A body that is not here in time is given up: slow senders must not hold what others need. */
function boundBody(request: FastifyRequest, reply: FastifyReply): void {
  const timer = setTimeout(() => {
    if (reply.sent) {
      request.raw.destroy();
      return;
    }
    const { status, headers, body } = problemAnswer(new Problem('request-timeout'), request.id);
    void reply
      .code(status)
      .headers({ ...headers, connection: 'close' })
      .send(Buffer.from(body));
  }, REQUEST_TIMEOUT_MS);
  request.raw.once('end', () => clearTimeout(timer));
  request.raw.once('close', () => clearTimeout(timer));
}

function sendProblem(
  { log, metrics }: HttpParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const problem = problemOf(error);
  if (problem.code === 'internal' && !(error instanceof Problem)) {
    metrics.alarm('internal-error');
    log.error({ requestId: request.id, ...request.span?.ids, err: error }, 'a request failed');
  }
  const { status, headers, body } = problemAnswer(problem, request.id);
  // Bytes, because to a text Fastify adds a charset, which this media type does not have.
  void reply.code(status).headers(headers).send(Buffer.from(body));
}

/** The route's pattern and not the path: a path can hold a token. */
function logAnswer(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const line = {
    requestId: request.id,
    ...request.span?.ids,
    method: request.method,
    route: request.routeOptions.url,
    status: reply.statusCode,
    elapsedMs: Math.round(reply.elapsedTime),
    ...request.whoAsks,
  };
  if (request.routeOptions.config.door === 'probe') log.debug(line, 'answered');
  else log.info(line, 'answered');
}
