/** Which mail a department wants of its ledger. */
import {
  changeLedgerMail,
  type LedgerMail,
  ledgerMail,
  readLedgerMail,
} from '#contracts/ledger-mail.ts';
import { changesBetween } from '#shared/audit.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';

const KEY = { kind: 'mail-settings', id: 'settings' };
const stored = ledgerMail.omit({ version: true });

/** Mail that nobody asked for goes to nobody; a missing review is what reviewers are there for. */
const unset: LedgerMail = { version: 1, checkpoints: 'off', reviewReminders: true };

export function mailHandlings(): Handling[] {
  return [
    handle(readLedgerMail, async ({ tables }) => {
      const { settings } = await readSettings(tables);
      return { body: settings, version: settings.version };
    }),
    handle(changeLedgerMail, (call) => retryOnRace(() => tryChange(call))),
  ];
}

async function tryChange(
  call: Call<typeof changeLedgerMail>,
): Promise<Committed<typeof changeLedgerMail>> {
  const { tables, now, caller, body: chosen, ifMatch } = call;
  const { settings: before, rowVersion } = await readSettings(tables);
  if (ifMatch !== undefined && ifMatch !== before.version) {
    throw new Problem('version-mismatch', {
      detail: `If-Match names version ${ifMatch}, it is at ${before.version}. Read it anew.`,
    });
  }
  const { checkpoints, reviewReminders } = before;
  const changes = changesBetween({ checkpoints, reviewReminders }, chosen);
  if (changes.length === 0) {
    return { ok: true, reply: { body: before, version: before.version } };
  }
  const value = { ...chosen, changedAt: now.toISOString() };
  const body = { ...value, version: versionOf(rowVersion + 1) };
  const { version } = body;
  return call.commit({
    changes: [{ put: { ...KEY, value }, expect: rowVersion }],
    events: [
      call.event({ object: { type: 'mail-settings', id: caller.tenant, version }, changes }),
    ],
    reply: { body, version },
  });
}

export async function readSettings(tables: TenantTables) {
  const row = await tables.get(KEY);
  if (row === undefined) return { settings: unset, rowVersion: 0 };
  const settings: LedgerMail = { ...stored.parse(row.value), version: versionOf(row.version) };
  return { settings, rowVersion: row.version };
}

/** Version 1 is what stands before anybody has set anything. */
function versionOf(rowVersion: number): number {
  return rowVersion + 1;
}
