import { PassThrough } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Operation, PROGRESS_TYPE } from '#contracts/operation.ts';
import type { Answer, CallOptions } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import { sendAnswer } from './answer.ts';
import { isPreferred } from './headers.ts';
import { problemOf } from './problems.ts';

export type AskWatching = (
  watching: NonNullable<CallOptions['watching']>,
) => Promise<Answer<Operation>>;

/**
 * Waits for long work as long as it tells of itself, and answers in the form that is asked for.
 * A client that closes the connection ends the work.
 */
export async function sendWatched(
  operation: Operation,
  ask: AskWatching,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  void reply.header('vary', 'accept');
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort(new Problem('timeout')));
  const { signal } = closed;
  if (isPreferred(request.headers.accept, PROGRESS_TYPE)) {
    return sendLines((hear) => ask({ hear, signal }), request, reply);
  }
  const answer = await ask({ hear: () => undefined, signal });
  return sendAnswer(operation, answer, request, reply);
}

/**
 * Progress line by line, and the answer as the last line. Before the first line a problem is
 * answered as ever; after it, as the last line. A client that reads slowly misses progress and
 * never the last line.
 */
async function sendLines(
  ask: (hear: (progress: unknown) => void) => Promise<Answer<Operation>>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const lines = new PassThrough();
  let isStarted = false;
  function start(): void {
    if (isStarted) return;
    isStarted = true;
    void reply.code(200).type(`${PROGRESS_TYPE}; charset=utf-8`).send(lines);
  }
  const hear = (progress: unknown) => {
    start();
    if (!lines.writableNeedDrain) lines.write(lineOf(progress));
  };
  try {
    const { body } = await ask(hear);
    start();
    lines.end(lineOf(body));
  } catch (error) {
    if (!isStarted) throw error;
    lines.end(lineOf(problemOf(error).toBody(request.id)));
  }
  return reply;
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
