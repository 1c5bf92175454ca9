/**
 * Every limit of the product that more than one place needs, with its unit in its name.
 * A limit that only one file needs stands at the top of that file.
 */

// HTTP, at the gateway's door.
export const REQUEST_BODY_BYTES_MAX = 256 * 1024;
export const REQUEST_TIMEOUT_MS = 15_000;
export const PAGE_ITEMS_DEFAULT = 50;
export const PAGE_ITEMS_MAX = 200;
export const IDEMPOTENCY_KEY_CHARS_MAX = 200;

// Bus. nats-server refuses messages over 1 MiB by default; the rest is room for headers.
export const BUS_MESSAGE_BYTES_MAX = 1_000_000;
export const BUS_REQUEST_TIMEOUT_MS = 10_000;
/** Requests that one service works on at a time; more are answered 503 at once. */
export const BUS_IN_FLIGHT_MAX = 512;

// Caller context.
export const CONTEXT_LIFETIME_SECONDS = 30;
/** Clocks of two machines may differ by this much. */
export const CONTEXT_CLOCK_SKEW_SECONDS = 5;

// Tables. DynamoDB allows 100 items and 4 MiB in one transaction and 400 KB in one item.
export const WRITE_ITEMS_MAX = 100;
export const WRITE_BYTES_MAX = 4_000_000;
export const ROW_BYTES_MAX = 390_000;
export const LIST_ROWS_MAX = 1_000;

// Outbox: past either bound changes are refused, because their audit could not be made durable.
export const OUTBOX_EVENTS_MAX = 10_000;
export const OUTBOX_AGE_MS_MAX = 60_000;

// Queue. SQS allows 1 MiB in one message; what is larger goes to the blobs, and its key here.
export const QUEUE_BODY_BYTES_MAX = 256 * 1024;

// Ledger (DESIGN section 5; the entry's length is a uint16 in the tlog-tiles form).
export const ENTRY_BYTES_MAX = 65_535;
export const BLOCK_ENTRIES_MAX = 256;
export const BLOCK_BYTES_MAX = 256 * 1024;
export const EVENT_CHANGES_MAX = 128;

// Files.
export const FILE_BYTES_MAX = 100 * 1024 * 1024;
export const SIGNED_URL_LIFETIME_SECONDS_MAX = 300;
export const UPLOAD_LIFETIME_SECONDS = 900;

// Mail.
export const MAIL_BYTES_MAX = 10 * 1024 * 1024;
/** Text of a mail that a profile sees; the longest page ever seen has 57,545 characters. */
export const PAGE_TEXT_CHARS_MAX = 100_000;

// Stop: a container gets 30 s from SIGTERM to kill.
export const STOP_DEADLINE_MS = 25_000;
