import { randomUUIDv7 } from 'node:crypto';
import type { LedgerParts, Logs } from '../log/logs.ts';
import type { Receiver } from './delivery.ts';
import { openPush } from './push.ts';
import type { SinkSettings } from './settings.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

/** Every sink by itself: a slow one keeps nobody. */
export function openSinks(
  parts: LedgerParts,
  logs: Logs,
  sinks: readonly SinkSettings[],
): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  const holder = randomUUIDv7();
  for (const sink of sinks) {
    const receiver = receiverOf(parts, sink);
    stack.use(openPush({ ...parts, logs, sink, receiver, holder }));
  }
  return stack;
}

function receiverOf({ clock, host }: LedgerParts, sink: SinkSettings): Receiver {
  switch (sink.type) {
    case 'webhook':
      return openWebhook(sink, { clock });
    case 'syslog':
      return openSyslog(sink, { hostname: () => new URL(`http://${host()}`).hostname });
    default:
      return sink satisfies never;
  }
}
