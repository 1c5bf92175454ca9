import { z } from 'zod';
import { cadIngestVariables } from '#services/cad-ingest/config.ts';
import { gatewayVariables } from '#services/gateway/config.ts';
import { ledgerVariables } from '#services/ledger/config.ts';
import { busVariables, commonVariables } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';

const common = { ...commonVariables, ...busVariables, ...profileVariables };

/** The variables of each process, as its `main.ts` reads them. */
export const variablesOf = {
  gateway: { ...common, ...gatewayVariables },
  'core-records': common,
  files: common,
  ledger: { ...common, ...ledgerVariables },
  'cad-ingest': { ...common, ...cadIngestVariables },
} as const;
export type Process = keyof typeof variablesOf;

/** Read by the SDK and by no process of ours. */
const OF_THE_SDK = new Set(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);

/** What a process would not understand of these variables; nothing when it starts with them. */
export function faultsIn(
  process: Process,
  environment: Readonly<Record<string, string>>,
): string[] {
  const own = Object.entries(environment).filter(([name]) => !OF_THE_SDK.has(name));
  const parsed = z.strictObject(variablesOf[process]).safeParse(Object.fromEntries(own));
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}
