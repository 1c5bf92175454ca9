import type { Outcome } from './scenario.ts';

/** What the demonstration made, for people to look at and sign in to. */
export function summary(
  outcome: Outcome,
  origin: string,
  firstRun: { readonly email: string; readonly password: string },
): string {
  const { incidents, ledger, signIns, address } = outcome;
  const rows = incidents.map(({ number, nature, address: place, city, needsReview, source }) =>
    [
      (number ?? '-').padEnd(20),
      (nature ?? '-').padEnd(28),
      [place, city].filter(Boolean).join(', ').padEnd(34) || '-',
      `${source.profile} ${source.confidence.toFixed(2)}`.padEnd(16),
      needsReview ? 'needs review' : 'sure',
    ].join(' '),
  );
  return [
    '\nIncidents made from mail (number, nature, address, read by, how sure)',
    ...rows.map((row) => `  ${row}`),
    '\nLedger',
    `  ${ledger.size} entries, root ${ledger.root}`,
    `  whole chain verified in ${ledger.elapsedMs.toFixed(1)} ms, no break; one inclusion proof checked offline`,
    '\nSign in (cookie) with POST /v1/sessions {"email","password"}',
    ...signIns.map(({ role, email, password }) => `  ${role.padEnd(10)} ${email}  "${password}"`),
    `  platform   ${firstRun.email}  "${firstRun.password}"`,
    `\nAPI ${origin}   documentation ${origin}/docs   mail to ${address}`,
  ].join('\n');
}
