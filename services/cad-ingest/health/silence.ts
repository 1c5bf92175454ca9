/**
 * The alarm of a source that has fallen silent: a row as long as it lasts. It begins and ends with an
 * event, once also with two processes: both put, or remove, the same row with the same expectation.
 */
import { z } from 'zod';
import { timestamp } from '#contracts/primitives.ts';
import type { TenantTables } from '#shared/ports/tables.ts';

export const SILENCE_KIND = 'cad-source-silence';

const silenceRow = z.strictObject({
  /** When the silence had become too long. */
  since: timestamp,
  lastMailAt: timestamp,
});
export type Silence = z.infer<typeof silenceRow>;

export interface StoredSilence {
  readonly version: number;
  readonly value: Silence;
}

export async function readSilence(
  tables: TenantTables,
  sourceId: string,
): Promise<StoredSilence | undefined> {
  const row = await tables.get({ kind: SILENCE_KIND, id: sourceId });
  return row && { version: row.version, value: silenceRow.parse(row.value) };
}
