import { z } from 'zod';
import { IDEMPOTENCY_KEY_CHARS_MAX } from './limits.ts';
import { problemBody } from './problems.ts';

/** What travels on the bus to a service: proof of who asks, and what. */
export const busCall = z.strictObject({
  /** Compact JWS of the caller context, with the service as audience. */
  context: z.string().max(16_384),
  input: z.strictObject({
    params: z.unknown(),
    query: z.unknown(),
    body: z.unknown(),
  }),
  /** Version in `If-Match`: the change is refused when the record has another one. */
  ifMatch: z.number().int().nonnegative().optional(),
  idempotencyKey: z.string().min(1).max(IDEMPOTENCY_KEY_CHARS_MAX).optional(),
  /** How long the caller is willing to wait for the ledger's receipt (`Prefer: wait`). */
  receiptWaitMs: z.number().int().nonnegative().optional(),
});
export type BusCall = z.infer<typeof busCall>;

/** Where an event stands in the ledger: the `Ledger-Receipt` header. */
export const ledgerReceipt = z.strictObject({ seq: z.number().int(), leafHash: z.string() });
export type LedgerReceipt = z.infer<typeof ledgerReceipt>;

/** What comes back. */
export const busReply = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    body: z.unknown(),
    /** Version of the record in `body`: the `ETag`. */
    version: z.number().int().positive().optional(),
    receipt: ledgerReceipt.optional(),
    /** Which of the declared types the text in `body` is, where there are several. */
    mediaType: z.string().optional(),
    /** Query parameters, over those of this call, that ask for the next part of a long answer. */
    next: z.record(z.string(), z.string()).optional(),
    /** Set only by the gateway's own operations: `set-cookie`. */
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.strictObject({ ok: z.literal(false), problem: problemBody }),
]);
export type BusReply = z.infer<typeof busReply>;
