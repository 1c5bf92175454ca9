import { z } from 'zod';
import type { LedgerParts } from './logs.ts';
import { readSinks } from './sinks/settings.ts';

/** Variables of this service, besides those of every process. */
export const ledgerVariables = {
  /** JSON file of the sinks that entries are pushed to; absent: none. `sinks/README.md` has its form. */
  LEDGER_SINKS_FILE: z.string().min(1).optional(),
};

/** Reads the files that the variables name; throws a sentence that says what to mend. */
export async function ledgerSettings({
  LEDGER_SINKS_FILE: file,
}: z.infer<z.ZodObject<typeof ledgerVariables>>): Promise<Pick<LedgerParts, 'sinks'>> {
  return file === undefined ? {} : { sinks: await readSinks(file) };
}
