import type { Delivery } from '#shared/ports/queue.ts';

/** Messages that a process remembers; older ones are asked for at SQS. */
const REMEMBERED_MAX = 10_000;
const ENDED = '';

/** What this process knows of the deliveries it has seen: the newest receipt of each message. */
export interface Receipts {
  received(delivery: Delivery): void;
  /** Done or given back: no receipt that is known now holds any more. */
  ended(delivery: Delivery): void;
  /** `false` when it is known that the receipt does not hold. */
  mayHold(delivery: Delivery): boolean;
}

export function openReceipts(): Receipts {
  const newest = new Map<string, string>();
  const keep = (id: string, receipt: string) => {
    newest.delete(id);
    newest.set(id, receipt);
    const [oldest] = newest.keys();
    if (newest.size > REMEMBERED_MAX && oldest !== undefined) newest.delete(oldest);
  };
  return {
    received: ({ id, receipt }) => keep(id, receipt),
    ended: ({ id }) => keep(id, ENDED),
    mayHold({ id, receipt }) {
      const known = newest.get(id);
      return known === undefined || known === receipt;
    },
  };
}
