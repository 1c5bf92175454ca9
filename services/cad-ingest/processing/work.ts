import { z } from 'zod';
import { rowId, tenantId } from '#contracts/primitives.ts';

/** What stands in the queue: which mail, and nothing of it. */
export const work = z.strictObject({ tenant: tenantId, id: rowId });
export type Work = z.infer<typeof work>;
