/**
 * HTTPS POST, signed. The receiver checks `Watchdesk-Signature: v1=<hex>`, the HMAC-SHA-256 under
 * the shared secret of `<Watchdesk-Timestamp>.<body>`, and refuses timestamps that are old: what was
 * recorded on the way cannot be sent again later. A 2xx answer says that it has the entries.
 */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { exportTypes } from '#contracts/ledger-exports.ts';
import { judgedAddress, type Resolve } from '#shared/outbound.ts';
import { partText } from '../export/part.ts';
import { DELIVERY_MS_MAX, type Delivery, type Receiver } from './delivery.ts';
import type { WebhookSettings } from './settings.ts';

export function openWebhook(
  settings: WebhookSettings,
  world: { readonly clock: () => number; readonly resolve?: Resolve },
): Receiver {
  const url = new URL(settings.url);
  // Literal IPv6 addresses stand in brackets in a URL, and nowhere else.
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  return {
    async send(delivery, signal) {
      const body = Buffer.from(partText(settings.format, delivery.part));
      const { address, family } = await judgedAddress({ ...settings, host }, world.resolve);
      const headers = headersOf(settings, delivery, { body, at: world.clock() });
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = request(url, {
          method: 'POST',
          headers,
          // The address that was judged, whatever the name leads to by now; no connection is kept.
          lookup: (_host, { all }, found) =>
            all === true ? found(null, [{ address, family }]) : found(null, address, family),
          agent: false,
          minVersion: 'TLSv1.2',
          // The environment of a process can turn the default off.
          rejectUnauthorized: true,
          signal: AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS_MAX)]),
          ...(settings.ca === undefined ? {} : { ca: settings.ca }),
        });
        outgoing.on('error', reject);
        outgoing.on('response', resolve);
        outgoing.end(body);
      });
      // Nothing of the answer is wanted; redirects are not followed.
      answer.on('error', () => undefined).destroy();
      const { statusCode = 0 } = answer;
      if (statusCode < 200 || statusCode > 299) throw notTaken(statusCode);
    },
  };
}

/** The log shows codes and never messages, which could quote what was sent. */
function notTaken(status: number): Error {
  return Object.assign(new Error(`answered ${status}`), { code: `HTTP_${status}` });
}

/** What the receiver checks. */
function signatureOf(secret: Uint8Array, seconds: number, body: Uint8Array): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.`).update(body);
  return `v1=${mac.digest('hex')}`;
}

function headersOf(
  { name, format, secret }: WebhookSettings,
  { tenant, part: { first, count } }: Delivery,
  { body, at }: { readonly body: Buffer; readonly at: number },
): Readonly<Record<string, string | number>> {
  const seconds = Math.floor(at / 1000);
  return {
    'content-type': exportTypes[format],
    'content-length': body.length,
    'user-agent': 'watchdesk',
    'watchdesk-sink': name,
    'watchdesk-tenant': tenant,
    'watchdesk-first': first,
    'watchdesk-last': first + count - 1,
    'watchdesk-timestamp': seconds,
    'watchdesk-signature': signatureOf(secret, seconds, body),
  };
}
