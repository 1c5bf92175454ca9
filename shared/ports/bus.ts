import type { Json } from './tables.ts';

const WORD = '[a-z0-9-]+';
/** What a subject is, and what one is that can be listened to. */
export const SUBJECT = new RegExp(`^${WORD}(\\.${WORD})*$`);
export const SUBJECT_PATTERN = new RegExp(`^(${WORD}|\\*)(\\.(${WORD}|\\*))*$`);

export interface BusRequest {
  readonly subject: string;
  readonly body: Json;
  /** Milliseconds that the caller still waits when the request arrives. */
  readonly timeoutMs: number;
  /** As the asker gave it: the span under which this is asked (W3C Trace Context). */
  readonly traceparent?: string;
  /** There when it was asked for by `watch`. */
  readonly watcher?: Watcher;
}

/** Who waits for long work, as the one who does it sees them. */
export interface Watcher {
  /**
   * Tells how far the work is, as a copy. Neither waits nor piles up: while the asker has not heard
   * the one before, the newest takes the place of those between. Nothing once the asker has gone.
   */
  tell(progress: Json): void;
  /** Aborted, with Problem `timeout`, when the asker has gone: nobody will hear the answer. */
  readonly gone: AbortSignal;
}

export interface Watching {
  readonly traceparent?: string | undefined;
  /** Longest time without progress or answer, which the one who works on it sees as `timeoutMs`. */
  readonly silenceMs: number;
  /** Hears progress in its order, none after the answer. MUST NOT throw. */
  readonly hear: (progress: Json) => void;
  /** Given up: rejects with its reason at once. */
  readonly signal: AbortSignal;
}

export interface Subscription {
  /** Takes no new messages, lets those in work finish, then resolves. */
  stop(): Promise<void>;
}

/**
 * Carries requests and news between services; holds nothing. Values arrive as JSON copies. Subjects
 * are dot-separated words of `[a-z0-9-]`. Closing it ends the work in flight; from then on it refuses
 * with Problem `unavailable`.
 */
export interface Bus extends AsyncDisposable {
  /**
   * Asks one of those who serve the subject. Rejects with Problem `unavailable` when nobody serves
   * it, all who do are busy, or there is no connection: it was not carried out. `timeout` when no
   * answer came in time or the connection broke meanwhile: it may have been carried out.
   * `too-large` when the request is over BUS_MESSAGE_BYTES_MAX (not sent) or the answer is (carried
   * out): a list asks for fewer items then.
   */
  request(
    subject: string,
    body: Json,
    options: { readonly timeoutMs: number; readonly traceparent?: string | undefined },
  ): Promise<Json>;
  /**
   * Asks like `request`, for work that may take long: each progress puts off the end of patience, and
   * the answer comes whatever became of progress. Rejects as `request` does, `timeout` after
   * `silenceMs` without a word. Whoever works on it notices by its next progress, at the latest one
   * `silenceMs` after that, that the asker has given up or died.
   */
  watch(subject: string, body: Json, watching: Watching): Promise<Json>;
  /**
   * Serves a subject; requests made after this has resolved are heard. Several that serve the same
   * one share its requests. At most `inFlightMax` are worked on at a time, counted to the end of
   * the work and not of the caller's patience; more are refused with Problem `unavailable` at once.
   * `answer` MUST NOT reject: a rejection is a bug and reaches the caller as Problem `internal`.
   */
  serve(
    subject: string,
    options: {
      readonly inFlightMax: number;
      readonly answer: (request: BusRequest) => Promise<Json>;
    },
  ): Promise<Subscription>;
  /** Tells whoever listens just now. At most once; lost when nobody does. */
  publish(subject: string, body: Json): Promise<void>;
  /**
   * Hears every publication on the subject; `*` as a word matches any one word. `hear` MUST NOT
   * throw: that is a bug, and ends the process like any other error that reaches nobody.
   */
  listen(subject: string, hear: (subject: string, body: Json) => void): Promise<Subscription>;
  /** Resolves when the connection is up; rejects with Problem `unavailable` when it is not. */
  ping(): Promise<void>;
}
