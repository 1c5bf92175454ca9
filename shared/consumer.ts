import type { Log } from './log.ts';
import type { Delivery, Queue } from './ports/queue.ts';
import type { Json } from './ports/tables.ts';
import { beginSpan } from './tracing.ts';

/** `again`: the delivery is given back and comes again after the delay. */
export type Processed =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly delayMs: number };

/** Deliveries in work at a time. */
const IN_WORK_MAX = 8;
/** A third of the queue's lease: two extensions may fail before it is lost. */
const EXTEND_EVERY_MS = 10_000;
/** After an error of the queue itself, or of the record of a failure. */
const PAUSE_MS = 2_000;

/** The span of the delivery, for what is asked under it. */
interface Under {
  readonly traceparent: string | undefined;
}

export interface ConsumerParts {
  /** Of the work, as its spans are named. */
  readonly work: string;
  readonly queue: Queue;
  readonly log: Log;
  /** How long one look waits for work: a stop may have to wait so long for an idle receiver. */
  readonly waitMs: number;
  /** Rejects only when not even the failure could be dealt with. */
  process(body: Json, deliveries: number, under: Under): Promise<Processed>;
}

/** Takes work from the queue until it is disposed; then work in hand is ended and no more is taken. */
export function openConsumer(parts: ConsumerParts): AsyncDisposable {
  const inWork = new Set<Promise<void>>();
  let stopping = false;
  const running = run();

  async function run(): Promise<void> {
    while (!stopping) {
      if (inWork.size >= IN_WORK_MAX) await Promise.race(inWork);
      else await take(IN_WORK_MAX - inWork.size);
    }
  }

  async function take(limit: number): Promise<void> {
    const deliveries = await receive(parts, limit);
    for (const delivery of deliveries) {
      const done = workOn(parts, delivery).finally(() => inWork.delete(done));
      inWork.add(done);
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping = true;
      await running;
      await Promise.all(inWork);
    },
  };
}

async function receive(
  { queue, log, waitMs }: ConsumerParts,
  limit: number,
): Promise<readonly Delivery[]> {
  try {
    return await queue.receive({ limit, waitMs });
  } catch (error) {
    log.error({ err: error }, 'the queue could not be read');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return [];
  }
}

/** Never rejects: what could not be done comes again when its lease ends. */
async function workOn(parts: ConsumerParts, delivery: Delivery): Promise<void> {
  const { queue, log } = parts;
  const extending = setInterval(() => {
    queue.extend(delivery).catch((error: unknown) => {
      log.warn({ err: error }, 'a lease could not be extended');
    });
  }, EXTEND_EVERY_MS);
  const span = beginSpan({
    name: `process ${parts.work}`,
    kind: 'consumer',
    attributes: { 'watchdesk.tries': delivery.tries },
  });
  let status = 200;
  try {
    const { body, tries } = delivery;
    const result = await parts.process(body, tries, { traceparent: span.traceparent });
    span.note({ 'watchdesk.outcome': result.kind });
    if (result.kind === 'done') await queue.done(delivery);
    else await queue.retry(delivery, { delayMs: result.delayMs });
  } catch (error) {
    status = 500;
    log.error({ ...span.ids, err: error }, 'work of the queue could not be ended');
    await queue.retry(delivery, { delayMs: PAUSE_MS }).catch(() => undefined);
  } finally {
    span.end(status);
    clearInterval(extending);
  }
}
