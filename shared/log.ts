import { pino } from 'pino';
import type { AlarmKind } from '#contracts/alarms.ts';

export type Log = pino.Logger;

/**
 * JSON lines on standard output: an object of ids first, a constant sentence second. Never names,
 * narratives, addresses, tokens or mail bodies. The ledger is not a log.
 */
export function openLog(service: string, level: string): Log {
  return pino({ level, base: { service }, serializers: { err: withoutContent } });
}

/** The line that alarm rules look for, by its key. */
export function alarmInto(log: Log): (alarm: AlarmKind) => void {
  return (alarm) => log.error({ alarm }, 'an alarm');
}

/** Errors of libraries quote their input; the first line of the stack and the code are enough. */
function withoutContent(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error ? { code: error.code } : {};
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return { type: error.name, ...code, at: frames.slice(0, 8).map((line) => line.trim()) };
}
