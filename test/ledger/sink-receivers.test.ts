/** Pushing to real servers: HTTPS and syslog over TLS, with certificates made here. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { openLedger } from '#services/ledger/service.ts';
import type { Delivery } from '#services/ledger/sinks/delivery.ts';
import type { SyslogSettings, WebhookSettings } from '#services/ledger/sinks/settings.ts';
import { openSyslog } from '#services/ledger/sinks/syslog.ts';
import { openWebhook } from '#services/ledger/sinks/webhook.ts';
import { until } from '#test/support/api.ts';
import { openAuthority } from '#test/support/certificates.ts';
import { hasOpenssl } from '#test/support/engines.ts';
import { eventsOf, openFixture } from './fixture.ts';

const sink = { name: 'soc', format: 'jsonl', tenants: 'all' } as const;
const opensslFound = hasOpenssl();
if (process.env.CI && !opensslFound) throw new Error('openssl is not on the PATH');

function entryOf(outcome: 'success' | 'refused'): LedgerEntry {
  const at = '2031-01-02T10:05:06.789Z';
  return {
    v: 1,
    tenant: '019af000-0000-7000-8000-000000000001',
    seq: 4,
    id: '019af000-0000-7000-8000-000000000002',
    at,
    recordedAt: at,
    actor: { type: 'user', id: 'u-1' },
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: 'i-1' },
    outcome,
    requestId: 'r-1',
    sd: [],
    prev: '0'.repeat(64),
  };
}

const part = {
  first: 4,
  count: 2,
  isMore: false,
  lines: ['{"seq":4}', '{"seq":5,"é":"\\n"}'] as const,
  entries: [entryOf('success'), entryOf('refused')],
  checkpoint: undefined,
};
const delivery = { tenant: '019af000-0000-7000-8000-000000000001', part };
const never = new AbortController().signal;
const now = Date.parse('2031-01-02T10:05:06.789Z');
const toLoopback = async () => [{ address: '127.0.0.1', family: 4 as const }];

describe.skipIf(!opensslFound)('a webhook', () => {
  async function openServer(status = 204) {
    await using opened = new AsyncDisposableStack();
    const fixture = opened.use(await openFixture());
    const authority = openAuthority(fixture.host.dataDir, 'trusted');
    const got: { headers: Record<string, unknown>; body: string }[] = [];
    const server = createHttps(
      authority.issue('DNS:siem.test', 'IP:127.0.0.1'),
      (request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
          response.writeHead(status, { location: 'https://elsewhere.test/' }).end();
        });
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.defer(() => void server.close().closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const settings: WebhookSettings = {
      ...sink,
      type: 'webhook',
      url: `https://siem.test:${port}/in?x=1`,
      allowedHosts: ['siem.test'],
      allowPrivate: true,
      secret: Buffer.from('0123456789abcdef0123456789abcdef'),
      ca: authority.ca,
    };
    const stack = opened.move();
    const send = (changes: Partial<WebhookSettings> = {}, resolve = toLoopback) =>
      openWebhook({ ...settings, ...changes }, { clock: () => now, resolve }).send(delivery, never);
    const folder = fixture.host.dataDir;
    return {
      fixture,
      got,
      settings,
      send,
      port,
      folder,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  }

  test('gets the lines, signed over time and body', async () => {
    await using server = await openServer();
    await server.send();
    const [{ headers, body } = { headers: {}, body: '' }] = server.got;
    expect(body).toBe(
      `${part.lines.join('\n')}\n{"count":2,"first":4,"last":5,"checkpoint":null}\n`,
    );
    const seconds = Math.floor(now / 1000);
    const mac = createHmac('sha256', server.settings.secret).update(`${seconds}.${body}`);
    expect(headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'watchdesk-sink': 'soc',
      'watchdesk-tenant': delivery.tenant,
      'watchdesk-first': '4',
      'watchdesk-last': '5',
      'watchdesk-timestamp': String(seconds),
      'watchdesk-signature': `v1=${mac.digest('hex')}`,
    });
  });

  test.each([302, 400, 500])('has not taken it when it answers %i', async (status) => {
    await using server = await openServer(status);
    await expect(server.send()).rejects.toThrow(`answered ${status}`);
    expect(server.got).toHaveLength(1);
  });

  test('that is configured is served by the ledger itself', async () => {
    await using server = await openServer();
    const { fixture, settings, port } = server;
    const { tenant, checkpoints, host } = fixture;
    {
      await using log = await fixture.open();
      await log.append(eventsOf(tenant, 5));
    }
    const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
    const url = `https://127.0.0.1:${port}/`;
    const sinks = [{ ...settings, url, allowedHosts: ['127.0.0.1'] }];
    await using _ledger = await openLedger({ ...parts, sinks });
    const [first] = await until(
      'the entries',
      async () => server.got,
      ({ length }) => length > 0,
    );
    const lines =
      first?.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)) ?? [];
    expect(lines.slice(0, 5).map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    expect(lines.at(-1)).toMatchObject({ count: lines.length - 1, checkpoint: { size: 5 } });
  });

  test('with a certificate of another authority gets nothing', async () => {
    await using server = await openServer();
    const { ca } = openAuthority(server.folder, 'stranger');
    await expect(server.send({ ca })).rejects.toThrow(/certificate/);
    expect(server.got).toEqual([]);
  });

  test('with a certificate of another name gets nothing', async () => {
    await using server = await openServer();
    const url = `https://other.test:${server.port}/`;
    const sent = server.send({ url, allowedHosts: ['other.test'] });
    await expect(sent).rejects.toThrow(/altnames/i);
    expect(server.got).toEqual([]);
  });

  test('is not asked when its host is not allowed, or its address private', async () => {
    await using server = await openServer();
    await expect(server.send({ allowedHosts: ['a.test'] })).rejects.toThrow(
      'not among the allowed',
    );
    await expect(server.send({ allowPrivate: false })).rejects.toThrow('private address');
    const both = async () => [{ address: '8.8.8.8', family: 4 as const }, ...(await toLoopback())];
    await expect(server.send({ allowPrivate: false }, both)).rejects.toThrow('private address');
    expect(server.got).toEqual([]);
  });
});

describe.skipIf(!opensslFound)('syslog', () => {
  async function openServer(behaviour: 'read' | 'cut' | 'silent' = 'read') {
    await using opened = new AsyncDisposableStack();
    const fixture = opened.use(await openFixture());
    const authority = openAuthority(fixture.host.dataDir, 'trusted');
    const pieces: Buffer[] = [];
    const options = { ...authority.issue('DNS:logs.test'), allowHalfOpen: behaviour === 'silent' };
    const server = createTls(options, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (piece: Buffer) => {
        if (behaviour === 'cut') socket.destroy();
        else pieces.push(piece);
      });
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.defer(() => void server.close());
    const settings: SyslogSettings = {
      ...sink,
      type: 'syslog',
      host: 'logs.test',
      port: (server.address() as AddressInfo).port,
      allowedHosts: ['logs.test'],
      allowPrivate: true,
      ca: authority.ca,
    };
    const stack = opened.move();
    const send = (
      changes: Partial<SyslogSettings> = {},
      signal = never,
      sent: Delivery = delivery,
    ) =>
      openSyslog(
        { ...settings, ...changes },
        { hostname: () => 'desk.example', resolve: toLoopback },
      ).send(sent, signal);
    return {
      send,
      text: () => Buffer.concat(pieces).toString(),
      folder: fixture.host.dataDir,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  }

  test('gets RFC 5424 messages in RFC 5425 frames', async () => {
    await using server = await openServer();
    await server.send();
    const head = '1 2031-01-02T10:05:06.789Z desk.example watchdesk - entry - \uFEFF';
    const messages = [`<110>${head}${part.lines[0]}`, `<108>${head}${part.lines[1]}`];
    const frames = messages.map((message) => `${Buffer.byteLength(message)} ${message}`);
    expect(server.text()).toBe(frames.join(''));
  });

  test('that goes away in between has not taken it', async () => {
    await using server = await openServer('cut');
    // More than the buffers between hold: it cannot have reached the other side.
    const lines = Array.from({ length: 16 }, () => 'x'.repeat(1024 * 1024));
    const entries = lines.map(() => entryOf('success'));
    const large = { ...delivery, part: { ...part, lines, entries } };
    await expect(server.send({}, never, large)).rejects.toThrow();
  });

  test('that never says that it has it has not taken it', async () => {
    await using server = await openServer('silent');
    const patience = new AbortController();
    const sent = server.send({}, patience.signal);
    const failed = expect(sent).rejects.toThrow('out of patience');
    // By then it could have answered, and everything is there.
    await until(
      'the messages',
      async () => server.text(),
      (text) => text.endsWith(part.lines[1]),
    );
    patience.abort(new Error('out of patience'));
    await failed;
  });

  test('with a certificate of another authority, or another name, gets nothing', async () => {
    await using server = await openServer();
    const { ca } = openAuthority(server.folder, 'stranger');
    await expect(server.send({ ca })).rejects.toThrow(/certificate/);
    const other = { host: 'other.test', allowedHosts: ['other.test'] };
    await expect(server.send(other)).rejects.toThrow(/altnames/i);
    expect(server.text()).toBe('');
  });

  test('is not asked when its host is not allowed, or its address private', async () => {
    await using server = await openServer();
    await expect(server.send({ allowedHosts: ['a.test'] })).rejects.toThrow(
      'not among the allowed',
    );
    await expect(server.send({ allowPrivate: false })).rejects.toThrow('private address');
    expect(server.text()).toBe('');
  });
});
