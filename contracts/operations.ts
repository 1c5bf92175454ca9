import * as apiKeys from './api-keys.ts';
import * as cadCodeTables from './cad-code-tables.ts';
import * as cadMessages from './cad-messages.ts';
import * as cadProfiles from './cad-profiles.ts';
import * as cadSources from './cad-sources.ts';
import * as cadTrials from './cad-trials.ts';
import * as files from './files.ts';
import * as ledger from './ledger.ts';
import * as ledgerCommands from './ledger-commands.ts';
import * as ledgerEvidence from './ledger-evidence.ts';
import * as ledgerExports from './ledger-exports.ts';
import * as ledgerExpungements from './ledger-expungements.ts';
import * as ledgerKeys from './ledger-keys.ts';
import * as ledgerMail from './ledger-mail.ts';
import * as ledgerRetention from './ledger-retention.ts';
import * as ledgerReviews from './ledger-reviews.ts';
import * as legalHolds from './legal-holds.ts';
import * as logTiles from './log-tiles.ts';
import * as mailSuppressions from './mail-suppressions.ts';
import * as notices from './notices.ts';
import type { Operation } from './operation.ts';
import * as recordExpungements from './record-expungements.ts';
import * as incidents from './records/incident.ts';
import * as retention from './retention.ts';
import * as sessions from './sessions.ts';
import * as tenants from './tenants.ts';
import * as users from './users.ts';

const modules = [
  sessions,
  tenants,
  users,
  apiKeys,
  mailSuppressions,
  notices,
  incidents,
  retention,
  legalHolds,
  files,
  cadSources,
  cadProfiles,
  cadTrials,
  cadCodeTables,
  cadMessages,
  ledger,
  ledgerEvidence,
  ledgerExpungements,
  recordExpungements,
  logTiles,
  ledgerKeys,
  ledgerExports,
  ledgerReviews,
  ledgerCommands,
  ledgerMail,
  ledgerRetention,
];

/** Every operation of the product, module by module. A name stands here once. */
export const operations: readonly Operation[] = modules.flatMap((module) =>
  Object.values(module).filter(isOperation),
);

/** Finds an operation by its name; throws for a name that is none, because that is a bug. */
export function operationNamed(name: string): Operation {
  const found = operations.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no operation is named ${name}`);
  return found;
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'permission' in value && 'audit' in value;
}
