/** Which commands belong to an incident, by rows that say nothing else. */
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { rowsOf } from '../log/store.ts';

/** `<incident>/<command>`: finds the commands of an incident. */
export const OF_INCIDENT = 'incident-command';

/** Ids of all commands that were recorded for the incident. */
export async function commandsOf(tables: TenantTables, incident: string): Promise<string[]> {
  const prefix = `${incident}/`;
  const ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const rows = await tables.list({ kind: OF_INCIDENT, prefix, limit: LIST_ROWS_MAX, ...from });
    ids.push(...rows.map(({ id }) => id.slice(prefix.length)));
    after = rows.at(-1)?.id;
    if (rows.length < LIST_ROWS_MAX) return ids;
  }
}

/** The incident of a command. Reads the rows of all incidents: asked for once in years. */
export async function incidentOf(
  tables: TenantTables,
  command: string,
): Promise<string | undefined> {
  const end = `/${command}`;
  for await (const { id } of rowsOf(tables, OF_INCIDENT)) {
    if (id.endsWith(end)) return id.slice(0, -end.length);
  }
  return undefined;
}
