import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { REQUEST_BODY_BYTES_MAX } from '#contracts/limits.ts';
import { asProblem, Problem } from '#shared/problem.ts';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** RFC 9457. The request's id is the `instance`; with it the log tells us what happened. */
export function problemAnswer(problem: Problem, requestId: string): ProblemAnswer {
  const body = problem.toBody(requestId);
  const { status, retryAfterSeconds } = body;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      // RFC 9110 section 15.5.2 asks for it with every 401; Bearer makes no browser open a window.
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="watchdesk"' } : {}),
    },
    body: JSON.stringify(body),
  };
}

/** The Problem in what was thrown while a request was taken in, by us or by the framework. */
export function problemOf(thrown: unknown): Problem {
  if (!(thrown instanceof Error) || thrown instanceof Problem) return asProblem(thrown);
  const code = 'code' in thrown ? String(thrown.code) : '';
  return frameworkProblems[code]?.() ?? asProblem(thrown);
}

/** Answers on a socket that Node could not read a request from: no request, no framework. */
export function refuseConnection(
  error: Error & { readonly code?: string },
  socket: Socket,
  about: { readonly headers: Readonly<Record<string, string>>; readonly requestId: string },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy(error);
    return;
  }
  const { status, headers, body } = problemAnswer(connectionProblem(error.code), about.requestId);
  const all = {
    ...about.headers,
    ...headers,
    'x-request-id': about.requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

const frameworkProblems: Readonly<Record<string, () => Problem>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new Problem('unsupported-media-type'),
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new Problem('too-large', { detail: `A body may have ${REQUEST_BODY_BYTES_MAX} bytes.` }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    invalid('The body has not the length that Content-Length says.'),
  FST_ERR_BAD_URL: () => invalid('The path is not percent-encoded UTF-8.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new Problem('not-found'),
  // The caller has gone; nobody hears this.
  ECONNRESET: () => invalid('The request ended before its body did.'),
};

function connectionProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout');
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers-too-large');
  return invalid('This is not HTTP as RFC 9112 has it.');
}

function invalid(detail: string): Problem {
  return new Problem('validation', { detail });
}
