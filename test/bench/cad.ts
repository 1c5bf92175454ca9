import { benchLatency } from './cad-latency.ts';
import { benchReading } from './cad-reading.ts';
import type { Table } from './table.ts';

/** From a mail to an incident: how long it takes, and what reading pages costs. */
export async function benchCad(): Promise<readonly Table[]> {
  return [await benchLatency(), ...(await benchReading())];
}
