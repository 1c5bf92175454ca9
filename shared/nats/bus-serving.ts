import { errors, type Msg, type PublishOptions, type Subscription } from '@nats-io/transport-node';
import type { BusRequest } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem, Problem } from '#shared/problem.ts';
import {
  busy,
  isWatched,
  messageText,
  problemHeaders,
  timeoutMsOf,
  traceparentOf,
} from './bus-messages.ts';
import { openWatcher, type Send } from './bus-watching.ts';

type Answer = (request: BusRequest) => Promise<Json>;

/**
 * Serves until the subscription ends and all work in flight is done. Rejects when the server takes
 * the subscription away: a process that serves nothing any more must not look alive.
 */
export async function serveAll(
  subscription: Subscription,
  serving: { readonly inFlightMax: number; readonly answer: Answer; readonly send: Send },
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  for await (const message of subscription) {
    if (inFlight.size >= serving.inFlightMax) {
      respondProblem(message, busy(message.subject));
      continue;
    }
    const work = answerOne(message, serving).finally(() => inFlight.delete(work));
    inFlight.add(work);
  }
  await Promise.all(inFlight);
}

/** Hears until the subscription ends. */
export async function hearAll(
  subscription: Subscription,
  hear: (subject: string, body: Json) => void,
): Promise<void> {
  for await (const message of subscription) {
    const body = jsonOf(message);
    // Not from one of us: everything that is published here is JSON.
    if (body === undefined) continue;
    // In a turn of its own: what it throws is a bug, and must not end this loop in silence.
    queueMicrotask(() => hear(message.subject, body));
  }
}

function jsonOf(message: Msg): Json | undefined {
  try {
    return message.json<Json>();
  } catch {
    return undefined;
  }
}

/** Never rejects: what goes wrong becomes the answer. */
async function answerOne(
  message: Msg,
  { answer, send }: { readonly answer: Answer; readonly send: Send },
): Promise<void> {
  const timeoutMs = timeoutMsOf(message);
  const watching = isWatched(message) ? openWatcher(message, timeoutMs, send) : undefined;
  const under = { timeoutMs, ...traceparentOf(message) };
  const work = watching === undefined ? under : { ...under, watcher: watching.watcher };
  const reply = await carryOut(message, answer, work);
  const asker = watching === undefined ? message : await watching.end();
  if (asker === undefined) return;
  if (reply instanceof Problem) return respondProblem(asker, reply);
  try {
    respond(asker, messageText(reply));
  } catch (error) {
    respondProblem(asker, asProblem(error));
  }
}

async function carryOut(
  message: Msg,
  answer: Answer,
  work: Omit<BusRequest, 'subject' | 'body'>,
): Promise<Json | Problem> {
  try {
    const body = message.json<Json>();
    return await answer({ subject: message.subject, body, ...work });
  } catch {
    // A bug of this side: its text stays here.
    return new Problem('internal');
  }
}

function respondProblem(message: Msg, problem: Problem): void {
  respond(message, JSON.stringify(problem.toBody()), { headers: problemHeaders() });
}

/** The connection may be gone by the time the answer is ready: its caller has a timeout then. */
function respond(message: Msg, text: string, options?: PublishOptions): void {
  try {
    message.respond(text, options);
  } catch (error) {
    if (!(error instanceof errors.ClosedConnectionError)) throw error;
  }
}
