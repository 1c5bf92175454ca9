import { z } from 'zod';

/** How to know one product's or agency's mail, how to cut it, and what each piece means. */
export const profile = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,80}$/, {
    error: 'must be 1 to 80 lower-case letters, digits or hyphens',
  }),
  version: z.number().int().positive(),
  /** Sources (of the input line or the inbound address) for which this profile is tried first. */
  sources: z.array(z.string().min(1).max(200)).max(1_000).optional(),
});
export type Profile = z.infer<typeof profile>;
