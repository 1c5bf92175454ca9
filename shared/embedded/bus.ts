import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import {
  type Bus,
  type BusRequest,
  SUBJECT,
  SUBJECT_PATTERN,
  type Subscription,
} from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { watched } from './bus-watched.ts';

const RETRY_AFTER_SECONDS = 1;

type Answer = (request: BusRequest) => Promise<Json>;

interface Server {
  readonly answer: Answer;
  readonly inFlightMax: number;
  readonly inFlight: Set<Promise<unknown>>;
}

interface Listener {
  readonly words: readonly string[];
  readonly hear: (subject: string, body: Json) => void;
}

/** The bus inside of one process. Values cross it as JSON text, as they would cross a network. */
export function openBus(): Bus {
  const servers = new Map<string, Server[]>();
  const listeners = new Set<Listener>();
  let open = true;
  const assertOpen = () => {
    if (!open) throw unavailable('The bus is closed.');
  };
  return {
    async request(subject, body, { timeoutMs, traceparent }) {
      assertSubject(subject);
      const text = messageText(body);
      assertOpen();
      const server = nextServer(servers, subject);
      const request = { subject, body: JSON.parse(text) as Json, timeoutMs, ...under(traceparent) };
      return within(timeoutMs, ask(server, request));
    },
    async watch(subject, body, watching) {
      assertSubject(subject);
      const text = messageText(body);
      watching.signal.throwIfAborted();
      assertOpen();
      const server = nextServer(servers, subject);
      const { silenceMs: timeoutMs, traceparent } = watching;
      const request = { subject, body: JSON.parse(text) as Json, timeoutMs, ...under(traceparent) };
      return watched(watching, (watcher) => ask(server, { ...request, watcher }));
    },
    async serve(subject, { inFlightMax, answer }) {
      assertSubject(subject);
      assertOpen();
      const server: Server = { answer, inFlightMax, inFlight: new Set() };
      servers.set(subject, [...(servers.get(subject) ?? []), server]);
      return stopping(async () => {
        removeServer(servers, subject, server);
        await Promise.allSettled(server.inFlight);
      });
    },
    async publish(subject, body) {
      assertSubject(subject);
      const text = messageText(body);
      assertOpen();
      const words = subject.split('.');
      const hearing = [...listeners].filter((each) => matches(each.words, words));
      for (const { hear } of hearing) queueMicrotask(() => hear(subject, JSON.parse(text)));
    },
    async listen(subject, hear) {
      if (!SUBJECT_PATTERN.test(subject)) throw new Error(`${subject} is no pattern of subjects`);
      assertOpen();
      const listener = { words: subject.split('.'), hear };
      listeners.add(listener);
      return stopping(async () => {
        listeners.delete(listener);
      });
    },
    async ping() {
      assertOpen();
    },
    async [Symbol.asyncDispose]() {
      open = false;
      listeners.clear();
      const all = [...servers.values()].flat();
      servers.clear();
      await Promise.allSettled(all.flatMap(({ inFlight }) => [...inFlight]));
    },
  };
}

function under(traceparent: string | undefined): Pick<BusRequest, 'traceparent'> {
  return traceparent === undefined ? {} : { traceparent };
}

/** The server whose turn it is among those that have room; it goes to the end of the row. */
function nextServer(servers: Map<string, Server[]>, subject: string): Server {
  const row = servers.get(subject) ?? [];
  const server = row.find(({ inFlight, inFlightMax }) => inFlight.size < inFlightMax);
  if (server === undefined) {
    throw unavailable(
      row.length === 0 ? `Nobody serves ${subject} just now.` : `${subject} is busy.`,
    );
  }
  servers.set(subject, [...row.filter((each) => each !== server), server]);
  return server;
}

/** The work counts as in flight until it ends, however long its caller waits. */
async function ask(server: Server, request: BusRequest): Promise<Json> {
  const work = answerTo(server.answer, request);
  server.inFlight.add(work);
  try {
    return await work;
  } finally {
    server.inFlight.delete(work);
  }
}

async function answerTo(answer: Answer, request: BusRequest): Promise<Json> {
  // Not in the caller's own turn: over a network it would not be either.
  await Promise.resolve();
  const reply = await carryOut(answer, request);
  return JSON.parse(messageText(reply)) as Json;
}

async function carryOut(answer: Answer, request: BusRequest): Promise<Json> {
  try {
    return await answer(request);
  } catch {
    // A bug of the other side: its text stays there.
    throw new Problem('internal');
  }
}

function within(timeoutMs: number, work: Promise<Json>): Promise<Json> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Problem('timeout', { detail: `No answer came within ${timeoutMs} ms.` }));
    }, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function messageText(body: Json): string {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes <= BUS_MESSAGE_BYTES_MAX) return text;
  throw new Problem('too-large', {
    detail: `A message of ${bytes} bytes is over the limit of ${BUS_MESSAGE_BYTES_MAX}.`,
  });
}

function removeServer(servers: Map<string, Server[]>, subject: string, server: Server): void {
  const others = (servers.get(subject) ?? []).filter((each) => each !== server);
  if (others.length === 0) servers.delete(subject);
  else servers.set(subject, others);
}

function stopping(stop: () => Promise<void>): Subscription {
  return { stop };
}

function matches(pattern: readonly string[], words: readonly string[]): boolean {
  if (pattern.length !== words.length) return false;
  return pattern.every((word, index) => word === '*' || word === words[index]);
}

function assertSubject(subject: string): void {
  if (!SUBJECT.test(subject)) throw new Error(`${subject} is no subject`);
}

function unavailable(detail: string): Problem {
  return new Problem('unavailable', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
