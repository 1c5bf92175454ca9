/**
 * Work that is watched: progress before the answer, by turns.
 *
 * 1. The request says that its asker watches, and how long it bears silence.
 * 2. Whoever works on it sends progress to the asker's inbox, with an inbox of its own as reply
 *    subject. What it tells before the asker has answered that is kept, the newest only.
 * 3. The asker answers each progress: go on, or stop.
 * 4. The answer goes the way of progress, once it is the worker's turn, and ends it.
 *
 * Each message is the reply to the one before, so that a user needs no permission more than to
 * answer. Who does not get its turn within the silence takes the other one for gone.
 */
import type { Msg, RequestOptions } from '@nats-io/transport-node';
import type { Watcher, Watching } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import {
  isProgress,
  isStop,
  problemOf,
  progressHeaders,
  replyOf,
  stopHeaders,
  watchHeaders,
} from './bus-messages.ts';

/** Sends a message and resolves with the reply to it; rejects as the client library does. */
export type Send = (subject: string, text: string, options: RequestOptions) => Promise<Msg>;

/** The asker's side. */
export async function watchOver(
  about: { readonly send: Send; readonly subject: string; readonly text: string },
  watching: Watching,
): Promise<Json> {
  const { signal } = watching;
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  // Goes on behind a given up one until it can say so; what it ends with then concerns nobody.
  const taking = takeTurns(about, watching);
  taking.catch(() => undefined);
  try {
    return await Promise.race([taking, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

async function takeTurns(
  { send, subject, text }: Parameters<typeof watchOver>[0],
  { silenceMs, hear, signal, traceparent }: Watching,
): Promise<Json> {
  const wait = (sent: Promise<Msg>) =>
    sent.catch((error: unknown) => {
      throw problemOf(error, { subject, timeoutMs: silenceMs });
    });
  const options = { timeout: silenceMs, headers: watchHeaders(silenceMs, traceparent) };
  let message = await wait(send(subject, text, options));
  while (isProgress(message)) {
    if (signal.aborted) {
      message.respond('', { headers: stopHeaders() });
      throw signal.reason;
    }
    hear(message.json<Json>());
    message = await wait(send(message.reply ?? subject, '', { timeout: silenceMs }));
  }
  return replyOf(message);
}

/** The worker's side. `end` resolves with the message to answer; `undefined` when nobody waits. */
export function openWatcher(
  request: Msg,
  silenceMs: number,
  send: Send,
): { readonly watcher: Watcher; end(): Promise<Msg | undefined> } {
  const gone = new AbortController();
  let untold: string | undefined;
  /** Resolves with what the asker said last; there while its turn is. */
  let askersTurn: Promise<Msg | undefined> | undefined;
  let last: Msg | undefined = request;
  let isEnded = false;

  async function turn(to: Msg, text: string): Promise<Msg | undefined> {
    const options = { timeout: silenceMs, headers: progressHeaders() };
    const said = await send(to.reply ?? '', text, options).catch(() => undefined);
    const isThere = said !== undefined && !isStop(said);
    if (!isThere) gone.abort(new Problem('timeout', { detail: 'Whoever asked has gone.' }));
    last = isThere ? said : undefined;
    askersTurn = undefined;
    if (!isEnded) next();
    return last;
  }

  function next(): void {
    if (untold === undefined || askersTurn !== undefined || last === undefined) return;
    const text = untold;
    untold = undefined;
    askersTurn = turn(last, text);
  }

  return {
    watcher: {
      gone: gone.signal,
      tell(progress) {
        untold = JSON.stringify(progress);
        next();
      },
    },
    async end() {
      isEnded = true;
      return askersTurn ?? last;
    },
  };
}
