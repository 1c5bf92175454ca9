import { z } from 'zod';
import { longText, shortText } from './primitives.ts';

/** 24-hour clock of the dispatch centre: `04:05` or `04:05:06`. */
const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, { error: 'must be HH:MM or HH:MM:SS' });

/** A point in WGS 84, decimal degrees. */
export const coordinates = z.strictObject({
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});

/** In the order in which a call passes them. */
export const unitStatuses = [
  'received',
  'dispatched',
  'enRoute',
  'onScene',
  'transporting',
  'atHospital',
  'available',
  'cleared',
] as const;

/** Status times of one unit, or of the whole incident where `unit` is absent; centre's clock. */
export const unitTime = z.strictObject({
  unit: shortText(40).optional(),
  received: clock.optional(),
  dispatched: clock.optional(),
  enRoute: clock.optional(),
  onScene: clock.optional(),
  transporting: clock.optional(),
  atHospital: clock.optional(),
  available: clock.optional(),
  cleared: clock.optional(),
});

const cadFieldShape = {
  nature: shortText(200),
  code: shortText(40),
  address: shortText(300),
  city: shortText(100),
  state: z.string().regex(/^[A-Z]{2}$/, { error: 'must be two capital letters' }),
  apartment: shortText(60),
  placeName: shortText(200),
  crossStreets: z.array(shortText(200)).max(10),
  units: z.array(shortText(40)).max(100),
  number: shortText(200),
  date: z.iso.date(),
  time: clock,
  coordinates,
  priority: shortText(40),
  map: shortText(60),
  box: shortText(60),
  channel: shortText(60),
  source: shortText(100),
  callerName: shortText(120),
  callerPhone: shortText(40),
  narrative: longText(60_000),
  unitTimes: z.array(unitTime).max(100),
};

/**
 * The fields of a parsed dispatch message. A field that is not in the message is absent: never
 * empty, never guessed.
 */
export const cadFields = z.strictObject(cadFieldShape).partial();
export type CadFields = z.infer<typeof cadFields>;

export const cadFieldKeys = Object.keys(cadFieldShape) as [keyof CadFields, ...(keyof CadFields)[]];
export const cadFieldKey = z.enum(cadFieldKeys);
export type CadFieldKey = z.infer<typeof cadFieldKey>;

/**
 * `dispatch`: a call, also a repeated or updated page of it. `update`: the message itself says that
 * it changes or cancels a call. `times`: a report of status times. `other`: nothing is dispatched.
 */
export const cadKind = z.enum(['dispatch', 'update', 'times', 'other']);

/** What a message was read as. `confidence` is 0..1 for the whole; `unsure` wants a person's eye. */
export const cadDraft = z.strictObject({
  kind: cadKind,
  /** Id of the profile used; `generic` for the label reader, `none` where nothing was found. */
  profile: z.string().min(1).max(80),
  confidence: z.number().min(0).max(1),
  fields: cadFields,
  unsure: z.array(cadFieldKey),
  profileVersion: z.number().int().positive().optional(),
  /** The page says that the call is cancelled. */
  cancels: z.literal(true).optional(),
  /** 0..1 for each field that a certainty is known of. */
  fieldConfidence: z.partialRecord(cadFieldKey, z.number().min(0).max(1)).optional(),
  /** Codes as the page has them, by the field where a code table put words in their place. */
  translated: z.partialRecord(cadFieldKey, z.string().max(5_000)).optional(),
});
export type CadDraft = z.infer<typeof cadDraft>;
