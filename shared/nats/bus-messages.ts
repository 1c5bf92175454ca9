import { errors, headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { BUS_MESSAGE_BYTES_MAX, BUS_REQUEST_TIMEOUT_MS } from '#contracts/limits.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

/** Milliseconds that the caller still waits when the request leaves it. */
const TIMEOUT_HEADER = 'Watchdesk-Timeout-Ms';
/** Marks an answer whose body is a problem, and not what the operation gives. */
const PROBLEM_HEADER = 'Watchdesk-Problem';
/** On a request: its asker hears progress. */
const WATCH_HEADER = 'Watchdesk-Watch';
/** Marks progress; its reply subject takes the word to go on, or to stop. */
const PROGRESS_HEADER = 'Watchdesk-Progress';
/** On the asker's word after progress: it has given up. */
const STOP_HEADER = 'Watchdesk-Stop';
/** W3C Trace Context: the span under which a request is asked. */
const TRACEPARENT_HEADER = 'traceparent';
const RETRY_AFTER_SECONDS = 1;

export function messageText(body: Json): string {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes <= BUS_MESSAGE_BYTES_MAX) return text;
  throw new Problem('too-large', {
    detail: `A message of ${bytes} bytes is over the limit of ${BUS_MESSAGE_BYTES_MAX}.`,
  });
}

export function requestHeaders(timeoutMs: number, traceparent?: string): MsgHdrs {
  const made = headers();
  made.set(TIMEOUT_HEADER, String(timeoutMs));
  if (traceparent !== undefined) made.set(TRACEPARENT_HEADER, traceparent);
  return made;
}

export function watchHeaders(silenceMs: number, traceparent?: string): MsgHdrs {
  const made = requestHeaders(silenceMs, traceparent);
  made.set(WATCH_HEADER, '1');
  return made;
}

export function progressHeaders(): MsgHdrs {
  return marked(PROGRESS_HEADER);
}

export function stopHeaders(): MsgHdrs {
  return marked(STOP_HEADER);
}

export function isWatched(message: Msg): boolean {
  return message.headers?.has(WATCH_HEADER) === true;
}

export function isProgress(message: Msg): boolean {
  return message.headers?.has(PROGRESS_HEADER) === true;
}

export function isStop(message: Msg): boolean {
  return message.headers?.has(STOP_HEADER) === true;
}

/** A caller that does not say how long it waits is taken to wait as long as any. */
export function timeoutMsOf(message: Msg): number {
  const timeoutMs = Number(message.headers?.get(TIMEOUT_HEADER));
  return timeoutMs > 0 ? timeoutMs : BUS_REQUEST_TIMEOUT_MS;
}

export function traceparentOf(message: Msg): { readonly traceparent?: string } {
  const traceparent = message.headers?.get(TRACEPARENT_HEADER);
  return traceparent ? { traceparent } : {};
}

export function problemHeaders(): MsgHdrs {
  return marked(PROBLEM_HEADER);
}

function marked(header: string): MsgHdrs {
  const made = headers();
  made.set(header, '1');
  return made;
}

/** What the other side answered; throws the Problem when it was one. */
export function replyOf(message: Msg): Json {
  const body = message.json<Json>();
  if (message.headers?.has(PROBLEM_HEADER)) throw Problem.fromBody(body);
  return body;
}

/** The Problem in what the client library rejected with; anything unexpected stays what it is. */
export function problemOf(
  error: unknown,
  about: { readonly subject: string; readonly timeoutMs: number },
): unknown {
  const { subject, timeoutMs } = about;
  if (error instanceof errors.TimeoutError) {
    return new Problem('timeout', { detail: `No answer came within ${timeoutMs} ms.` });
  }
  if (error instanceof errors.RequestError && error.isNoResponders()) {
    return unavailable(`Nobody serves ${subject} just now.`);
  }
  if (error instanceof errors.RequestError && !isForbidden(error)) {
    // Closed between the question and the answer: it may have been carried out.
    return new Problem('timeout', { detail: 'The connection closed before an answer came.' });
  }
  if (error instanceof errors.ClosedConnectionError) return disconnected();
  if (error instanceof errors.DrainingConnectionError) return disconnected();
  return error;
}

export function busy(subject: string): Problem {
  return unavailable(`${subject} is busy.`);
}

export function disconnected(): Problem {
  return unavailable('There is no connection to the bus.');
}

function unavailable(detail: string): Problem {
  return new Problem('unavailable', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/** A subject that this user may not publish to: a fault of the configuration, for the log. */
function isForbidden(error: Error): boolean {
  return error.cause instanceof errors.PermissionViolationError;
}
