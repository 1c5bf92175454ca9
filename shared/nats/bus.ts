/**
 * The bus port on NATS.
 *
 * 1. A request is refused at once while there is no connection: nothing waits in a buffer to be
 *    sent when its caller has long given up.
 * 2. It travels with the time that its caller waits. The servers of a subject are one queue group,
 *    so that one of them gets it. When there is none, nats-server says so at once.
 * 3. A server takes messages in a loop and works on at most `inFlightMax`; it refuses the others.
 *    Every piece of work is held until it ends, so that `stop` can wait for all of them.
 * 4. The answer goes to the caller's own inbox, below a prefix that no other user may read.
 * 5. Watched work tells its progress before the answer, in turns (bus-watching.ts).
 *
 * NATS carries, it keeps nothing: what is lost with a connection is a timeout for the caller.
 */
import type { Subscription as NatsSubscription } from '@nats-io/transport-node';
import { type Bus, SUBJECT, SUBJECT_PATTERN, type Subscription } from '#shared/ports/bus.ts';
import { type Connection, type NatsSettings, openConnection } from './bus-connection.ts';
import { messageText, problemOf, replyOf, requestHeaders } from './bus-messages.ts';
import { hearAll, serveAll } from './bus-serving.ts';
import { type Send, watchOver } from './bus-watching.ts';

export type { NatsSettings } from './bus-connection.ts';

/** All servers of a subject, whatever process they are in, share its requests. */
const QUEUE_GROUP = 'watchdesk';

export async function openNatsBus(settings: NatsSettings): Promise<Bus> {
  const connection = await openConnection(settings);
  const { nc } = connection;
  const subscriptions = new Set<Subscription>();
  const send: Send = (subject, text, options) => nc.request(subject, text, options);

  function keep(subscription: NatsSubscription, loop: Promise<void>): Subscription {
    const kept: Subscription = {
      async stop() {
        subscriptions.delete(kept);
        if (!subscription.isClosed() && !nc.isClosed()) await subscription.drain();
        await loop;
      },
    };
    subscriptions.add(kept);
    return kept;
  }

  return {
    async request(subject, body, { timeoutMs, traceparent }) {
      assertSubject(subject);
      const text = messageText(body);
      connection.assertUp();
      const options = { timeout: timeoutMs, headers: requestHeaders(timeoutMs, traceparent) };
      const reply = await nc.request(subject, text, options).catch((error: unknown) => {
        throw problemOf(error, { subject, timeoutMs });
      });
      return replyOf(reply);
    },
    async watch(subject, body, watching) {
      assertSubject(subject);
      const text = messageText(body);
      watching.signal.throwIfAborted();
      connection.assertUp();
      return watchOver({ send, subject, text }, watching);
    },
    async serve(subject, { inFlightMax, answer }) {
      assertSubject(subject);
      const subscription = await subscribe(connection, subject, { queue: QUEUE_GROUP });
      return keep(subscription, serveAll(subscription, { inFlightMax, answer, send }));
    },
    async publish(subject, body) {
      assertSubject(subject);
      const text = messageText(body);
      connection.assertUp();
      nc.publish(subject, text);
    },
    async listen(subject, hear) {
      if (!SUBJECT_PATTERN.test(subject)) throw new Error(`${subject} is no pattern of subjects`);
      const subscription = await subscribe(connection, subject, {});
      return keep(subscription, hearAll(subscription, hear));
    },
    ping: () => connection.roundTrip(),
    async [Symbol.asyncDispose]() {
      connection.refuse();
      await Promise.all([...subscriptions].map((each) => each.stop()));
      await connection[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when nats-server has the subscription: a request sent from now on will be heard. */
async function subscribe(
  connection: Connection,
  subject: string,
  options: { readonly queue?: string },
): Promise<NatsSubscription> {
  connection.assertUp();
  const subscription = connection.nc.subscribe(subject, options);
  await connection.roundTrip();
  if (!subscription.isClosed()) return subscription;
  throw new Error(`nats-server does not let ${connection.name} hear ${subject}`);
}

function assertSubject(subject: string): void {
  if (!SUBJECT.test(subject)) throw new Error(`${subject} is no subject`);
}
