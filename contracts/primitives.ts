import { z } from 'zod';
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from './limits.ts';

/** Id of a row: UUIDv7 (RFC 9562), so ids sort by the time they were made. */
export const rowId = z.uuidv7({ error: 'must be a UUIDv7, as this service gave it' });

/** The platform's own tenant: its staff and the chain of what they do. No department has this id. */
export const PLATFORM_TENANT = 'platform';

/** A department or agency: a UUIDv7, or `platform`. */
export const tenantId = z.union([rowId, z.literal(PLATFORM_TENANT)]);
export type TenantId = z.infer<typeof tenantId>;

/** UTC with milliseconds: `2026-11-22T05:14:47.123Z`. */
export const timestamp = z.iso.datetime({ precision: 3 });
export type Timestamp = z.infer<typeof timestamp>;

export const slug = z.string().regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, {
  error: 'must be 3 to 40 lower-case letters, digits or hyphens, beginning with a letter',
});

export const email = z
  .email({ error: 'must be one e-mail address, such as chief@example.org' })
  .max(254)
  .transform((value) => value.toLowerCase());

export const personName = shortText(120);

/** An IANA zone name that the runtime knows, such as `America/Chicago`. */
export const timeZone = z.string().max(64).refine(isTimeZone, {
  error: 'must be an IANA time zone, such as America/Chicago',
});

export const stateCode = z.string().regex(/^[A-Z]{2}$/, { error: 'must be two capital letters' });

/** SHA-256 in lower-case hex. */
export const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in 64 lower-case hex digits' });

export const reason = shortText(1_000);

/** Somebody with an account, as they were called then. */
export const person = z.strictObject({ id: rowId, name: z.string().optional() });
export type Person = z.infer<typeof person>;

/** Page request of every list. The cursor is opaque; it comes from `next` of the page before. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS_DEFAULT),
  cursor: z.string().min(1).max(1_024).optional(),
};

/** One page; `next` is absent on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item), next: z.string().optional() });
}

/** One line of text: trimmed, not empty, no control characters. */
export function shortText(charsMax: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(charsMax)
    .refine((value) => !hasControlCharacter(value), {
      error: 'must not hold control characters',
    });
}

/** Text of many lines; of the control characters only newline and tab. */
export function longText(charsMax: number) {
  return z
    .string()
    .max(charsMax)
    .refine((value) => !BESIDE_LINES.test(value) && value.isWellFormed(), {
      error: 'must not hold control characters other than newline and tab',
    });
}

function hasControlCharacter(value: string): boolean {
  return CONTROL.test(value) || !value.isWellFormed();
}

/** `\p{Cc}`, which costs more to look for. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL = /[\0-\x1f\x7f-\x9f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same but newline, tab and return.
const BESIDE_LINES = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** Zones by their own names; asking the runtime about one costs as much as signing a context. */
const knownZones = new Set(['UTC', ...Intl.supportedValuesOf('timeZone')]);

/** Other names of a zone, such as `US/Central`, only the runtime knows. */
function isTimeZone(value: string): boolean {
  if (knownZones.has(value)) return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
