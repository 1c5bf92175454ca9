/**
 * Syslog over TLS: RFC 5424 messages in RFC 5425 frames, one connection for each delivery.
 *
 * Syslog has no acknowledgement. RFC 5425 section 4.4 has one for the whole connection: who gets a
 * close_notify answers with one, in the order of the stream. So everything is written, our side is
 * closed, and the delivery counts when the other side has closed its own after that.
 */

import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { judgedAddress, type Resolve } from '#shared/outbound.ts';
import { DELIVERY_MS_MAX, type Receiver } from './delivery.ts';
import type { SyslogSettings } from './settings.ts';

/** RFC 5424 section 6.2.1: facility 13 is the log audit. */
const FACILITY = 13;
/** Informational; a warning where something was refused or failed. */
const severities = { success: 6, refused: 4, failure: 4 } as const;
const BYTE_ORDER_MARK = '\uFEFF';

export function openSyslog(
  settings: SyslogSettings,
  world: {
    /** Host of the public origin, without a port. */
    readonly hostname: () => string;
    readonly resolve?: Resolve;
  },
): Receiver {
  const { host, port, ca } = settings;
  return {
    async send({ part }, signal) {
      const { address } = await judgedAddress(settings, world.resolve);
      const hostname = world.hostname();
      const frames = part.entries.map((entry, index) =>
        frameOf(syslogMessage(part.lines[index] ?? '', { entry, hostname })),
      );
      const socket = connect({
        host: address,
        port,
        ca,
        // The certificate is that of the configured host, not of the address.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        minVersion: 'TLSv1.2',
        // The environment of a process can turn the default off.
        rejectUnauthorized: true,
      });
      await handOver(
        socket,
        frames,
        AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS_MAX)]),
      );
    },
  };
}

/** RFC 5424 section 6; the message is UTF-8, which the mark in front of it says (6.4). */
function syslogMessage(
  line: string,
  about: { readonly entry: Pick<LedgerEntry, 'at' | 'outcome'>; readonly hostname: string },
): string {
  const { at, outcome } = about.entry;
  const priority = FACILITY * 8 + severities[outcome];
  const hostname = printable(about.hostname);
  return `<${priority}>1 ${at} ${hostname} watchdesk - entry - ${BYTE_ORDER_MARK}${line}`;
}

/** RFC 5425 section 4.3: octets in decimal, a space, the message. */
function frameOf(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

function printable(hostname: string): string {
  return /^[\x21-\x7e]{1,255}$/.test(hostname) ? hostname : '-';
}

function handOver(
  socket: TLSSocket,
  frames: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  let isWritten = false;
  let isAnswered = false;
  return new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (signal.aborted) fail(signal.reason);
    socket.on('error', fail);
    socket.on('secureConnect', () => {
      socket.end(Buffer.concat(frames), () => {
        isWritten = true;
      });
    });
    // An end that comes before ours is of somebody who goes away, not of one who has it all.
    socket.on('end', () => {
      isAnswered = isWritten;
    });
    socket.on('close', () => {
      if (isAnswered) resolve();
      else reject(new Error('closed before everything was taken'));
    });
    socket.resume();
  });
}
