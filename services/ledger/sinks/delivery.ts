import type { ExportPart } from '../export/part.ts';

/** What is sent in one go: entries of one tenant, in order, without a gap. */
export interface Delivery {
  readonly tenant: string;
  readonly part: ExportPart;
}

/** The other end of a sink. */
export interface Receiver {
  /**
   * Resolves when the other side has taken all of it. Rejects when that is not known; it may have
   * been taken then, and comes again. Gives up by itself after DELIVERY_MS_MAX.
   */
  send(delivery: Delivery, signal: AbortSignal): Promise<void>;
}

/** From the first byte of the connection to the last of the answer. */
export const DELIVERY_MS_MAX = 15_000;
