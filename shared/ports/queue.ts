import type { Json } from './tables.ts';

export interface Delivery {
  readonly id: string;
  readonly body: Json;
  /** 1 at the first delivery. */
  readonly tries: number;
  /** Names this delivery; `done` and `extend` of an older one have no effect. */
  readonly receipt: string;
}

/**
 * Work that must be done at least once. Not ordered. A delivery is leased: it comes again when the
 * lease runs out, and goes to the dead letters after `triesMax` deliveries, when somebody next asks
 * for work. A lease is lost once the work was delivered again, is a dead letter or was given back.
 * What happened to it through another handle may stay unseen here: the work is then done twice,
 * which its doer must stand anyway.
 */
export interface Queue extends AsyncDisposable {
  /** Durable before it resolves. Problem `too-large` over QUEUE_BODY_BYTES_MAX. */
  send(body: Json): Promise<void>;
  /**
   * Up to `limit` deliveries; waits up to `waitMs` for the first. Empty when none came, or when the
   * queue was closed meanwhile.
   */
  receive(request: {
    readonly limit: number;
    readonly waitMs: number;
  }): Promise<readonly Delivery[]>;
  /**
   * The work is done; it never comes again, even when its time has run out and nobody else has it.
   * `false` when the lease was lost meanwhile.
   */
  done(delivery: Delivery): Promise<boolean>;
  /** Keeps the lease for another full term. `false` when it was lost meanwhile, or had run out. */
  extend(delivery: Delivery): Promise<boolean>;
  /**
   * Gives it back: it comes again after `delayMs`, or is a dead letter at its last try. Without
   * effect when the lease was lost.
   */
  retry(delivery: Delivery, request: { readonly delayMs: number }): Promise<void>;
  /** For people and alarms: near the truth. Given back with a delay is `waiting` or `leased`. */
  depth(): Promise<{ readonly waiting: number; readonly leased: number; readonly dead: number }>;
}
