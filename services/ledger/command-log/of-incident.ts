/** Which commands belong to an incident, by rows that say nothing else. */
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';

/** `<incident>/<command>`: finds the commands of an incident. */
export const OF_INCIDENT = 'incident-command';

/** Ids of all commands that were recorded for the incident. */
export async function commandsOf(tables: TenantTables, incident: string): Promise<string[]> {
  const prefix = `${incident}/`;
  const rows = rowsOf(tables, { kind: OF_INCIDENT, prefix });
  return Array.fromAsync(rows, ({ id }) => id.slice(prefix.length));
}

/** The incident of a command. Reads the rows of all incidents: asked for once in years. */
export async function incidentOf(
  tables: TenantTables,
  command: string,
): Promise<string | undefined> {
  const end = `/${command}`;
  for await (const { id } of rowsOf(tables, { kind: OF_INCIDENT })) {
    if (id.endsWith(end)) return id.slice(0, -end.length);
  }
  return undefined;
}
