import { errors, type Msg, type PublishOptions, type Subscription } from '@nats-io/transport-node';
import type { BusRequest } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem, Problem } from '#shared/problem.ts';
import { busy, messageText, problemHeaders, timeoutMsOf } from './bus-messages.ts';

type Answer = (request: BusRequest) => Promise<Json>;

/**
 * Serves until the subscription ends and all work in flight is done. Rejects when the server takes
 * the subscription away: a process that serves nothing any more must not look alive.
 */
export async function serveAll(
  subscription: Subscription,
  serving: { readonly inFlightMax: number; readonly answer: Answer },
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  for await (const message of subscription) {
    if (inFlight.size >= serving.inFlightMax) {
      respondProblem(message, busy(message.subject));
      continue;
    }
    const work = answerOne(message, serving.answer).finally(() => inFlight.delete(work));
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
async function answerOne(message: Msg, answer: Answer): Promise<void> {
  const reply = await carryOut(message, answer);
  if (reply instanceof Problem) return respondProblem(message, reply);
  try {
    respond(message, messageText(reply));
  } catch (error) {
    respondProblem(message, asProblem(error));
  }
}

async function carryOut(message: Msg, answer: Answer): Promise<Json | Problem> {
  try {
    const body = message.json<Json>();
    return await answer({ subject: message.subject, body, timeoutMs: timeoutMsOf(message) });
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
