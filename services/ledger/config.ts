import { z } from 'zod';
import { readTimestampSettings } from './checkpoints/timestamp-settings.ts';
import { readWitnesses } from './checkpoints/witness-settings.ts';
import type { LedgerParts } from './log/logs.ts';
import { readSinks } from './sinks/settings.ts';

/** Variables of this service, besides those of every process. */
export const ledgerVariables = {
  /** JSON file of the sinks that entries are pushed to; absent: none. `sinks/README.md` has its form. */
  LEDGER_SINKS_FILE: z.string().min(1).optional(),
  /** JSON file of the witnesses that cosign checkpoints; absent: none. Its form: witness-settings.ts. */
  LEDGER_WITNESSES_FILE: z.string().min(1).optional(),
  /** JSON file of the timestamp authority; absent: none. Its form: timestamp-settings.ts. */
  LEDGER_TIMESTAMP_FILE: z.string().min(1).optional(),
};

/** Reads the files that the variables name; throws a sentence that says what to mend. */
export async function ledgerSettings({
  LEDGER_SINKS_FILE: sinks,
  LEDGER_WITNESSES_FILE: witnesses,
  LEDGER_TIMESTAMP_FILE: timestamps,
}: z.infer<z.ZodObject<typeof ledgerVariables>>): Promise<
  Pick<LedgerParts, 'sinks' | 'witnesses' | 'timestamps'>
> {
  return {
    ...(sinks === undefined ? {} : { sinks: await readSinks(sinks) }),
    ...(witnesses === undefined ? {} : { witnesses: await readWitnesses(witnesses) }),
    ...(timestamps === undefined ? {} : { timestamps: await readTimestampSettings(timestamps) }),
  };
}
