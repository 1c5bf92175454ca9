import { openService, openTools, type Service, type ServiceParts } from '#shared/service.ts';
import { openTurns } from '#shared/turns.ts';
import { authorizeHandling } from './authorize.ts';
import { expungementHandling, reachHandling } from './expungements.ts';
import { incidentKind } from './incident.ts';
import { expungeableIncident } from './incident-expunged.ts';
import { incidentHandlings } from './incidents.ts';
import { legalHoldHandlings } from './legal-holds.ts';
import { recordHandlings } from './records.ts';
import { retentionHandlings } from './retention-settings.ts';

/** Keeps the records of departments. */
export async function openCoreRecords(parts: ServiceParts): Promise<Service> {
  const turns = openTurns();
  return openService(parts, await openTools(parts), [
    ...recordHandlings(incidentKind, turns),
    ...incidentHandlings(turns),
    authorizeHandling([incidentKind]),
    expungementHandling(parts.tables, turns, [expungeableIncident]),
    reachHandling([expungeableIncident]),
    ...retentionHandlings(),
    ...legalHoldHandlings(),
  ]);
}
