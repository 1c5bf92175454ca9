import { setImmediate } from 'node:timers/promises';
import type { Verification } from '#contracts/ledger.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { checkpoint } from './chain/checkpoint.ts';
import type { SignedSource } from './chain/signed.ts';
import { verifyLog } from './chain/verify.ts';
import {
  openBlockReader,
  openDerivedReader,
  openSignedSource,
  positionBefore,
} from './log-reader.ts';
import { openSecondPlace } from './second-place.ts';
import { findOpaqueId } from './store.ts';

export interface VerificationParts {
  readonly tables: Tables;
  readonly vault: Vault;
  readonly checkpoints: Blobs;
}

/** Entries `[from, to)`, widened to whole blocks; all of them where nothing is given. */
export interface VerificationRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Verifies a tenant's log from the stores alone: nothing that is in memory is believed. */
export async function verifyTenant(
  parts: VerificationParts,
  tenant: string,
  { from = 0, to }: VerificationRange = {},
): Promise<Verification> {
  const startedAt = performance.now();
  const tables = parts.tables.forTenant(tenant);
  const opaqueId = await findOpaqueId(parts.tables, tenant).catch(() => undefined);
  const blocks = openBlockReader(tables);
  const verified = await verifyLog({
    tenant,
    blocks,
    derived: openDerivedReader(tables),
    signed: opaqueId === undefined ? nothingSigned : signedSource(parts, tenant, opaqueId),
    start: await positionBefore(tables, from),
    ...(to === undefined ? {} : { to }),
    pause: () => setImmediate(),
  });
  const isListed = opaqueId !== undefined || (await blocks.last()) === undefined;
  const note = await newestNote(parts, tenant);
  return {
    ...verified,
    ok: verified.ok && isListed,
    breaks: [...(isListed ? [] : [unlisted]), ...verified.breaks],
    ...(note === undefined ? {} : { checkpoint: note }),
    elapsedMs: Math.round(performance.now() - startedAt),
  };
}

const unlisted = {
  seq: 0,
  kind: 'missing',
  detail: 'head: the log is not in the list of logs, and its second place cannot be found',
} as const;

const nothingSigned: SignedSource = {
  newest: async () => [],
  // biome-ignore lint/correctness/useYield: there is nothing
  async *heads() {
    return;
  },
};

function signedSource(parts: VerificationParts, tenant: string, opaqueId: string): SignedSource {
  return openSignedSource({
    tables: parts.tables.forTenant(tenant),
    secondPlace: openSecondPlace(parts.checkpoints, opaqueId),
    vault: parts.vault,
    opaqueId,
  });
}

async function newestNote(
  { tables }: VerificationParts,
  tenant: string,
): Promise<string | undefined> {
  const request = { kind: 'checkpoint', limit: 1, descending: true };
  const [row] = await tables
    .forTenant(tenant)
    .list(request)
    .catch(() => []);
  return checkpoint.safeParse(row?.value).data?.note;
}
