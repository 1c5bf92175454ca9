/**
 * What an operator must hear of. Each kind is a label of the counter `watchdesk_alarms_total` and a
 * line of the log, and the alarm rules are made from this list.
 */
export const alarmKinds = [
  'ledger-append-failed',
  'ledger-conflict',
  'ledger-verify-failed',
  'ledger-sink-stuck',
  'ledger-expungement-stuck',
  'dead-letter',
  'account-locked',
  'mail-undeliverable',
  'parse-failed',
  'source-silent',
  'internal-error',
] as const;
export type AlarmKind = (typeof alarmKinds)[number];
