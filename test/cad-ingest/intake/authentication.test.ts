import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authenticator,
  type DnsResolver,
  openAuthenticator,
} from '#services/cad-ingest/intake/authentication.ts';
import { scanHeader } from '#services/cad-ingest/intake/header-scan.ts';
import { decideTrust } from '#services/cad-ingest/intake/trust.ts';
import { keyRecord, signed, zoneResolver } from './signed-mail.ts';

const mail = [
  'From: County Dispatch <desk@county.example>',
  'Subject: CAD Page',
  'Message-ID: <1@county.example>',
  '',
  'CALL: CHIMNEY FIRE',
  'ADDR: 12 Mill Rd',
  '',
].join('\r\n');
const zone = {
  's1._domainkey.county.example': keyRecord,
  's1._domainkey.other.example': keyRecord,
  '_dmarc.county.example': 'v=DMARC1; p=reject',
  'county.example': 'v=spf1 include:relay.example -all',
  'relay.example': 'v=spf1 include:pool.example -all',
  'pool.example': 'v=spf1 ip4:192.0.2.0/28 -all',
};
const dns = zoneResolver(zone);

let resolver: DnsResolver = dns;
let authenticator: Authenticator;
beforeAll(() => {
  const injected: DnsResolver = (domain, type) => resolver(domain, type);
  authenticator = openAuthenticator({ mta: 'desk.example', resolver: injected });
});
afterAll(() => authenticator[Symbol.asyncDispose]());

async function trustOf(raw: string, ip = '198.51.100.9'): Promise<string> {
  const sender = 'desk@county.example';
  const bytes = Buffer.from(raw, 'latin1');
  const found = await authenticator.authenticate({ raw: bytes, ip, helo: 'mx.example', sender });
  const question = {
    source: { trust: 'authenticated' as const, senders: ['@county.example'] },
    scan: scanHeader(bytes),
    envelopeSender: sender,
    remoteAddress: ip,
  };
  const { verdict, reasons } = decideTrust(question, found);
  return `${verdict}: ${reasons}`;
}

describe('what the verifier finds decides', () => {
  test('a signature of the sender’s domain is trusted from anywhere', async () => {
    expect(await trustOf(await signed(mail, { domain: 'county.example' }))).toBe(
      'trusted: dkim-aligned',
    );
  });

  test('a network that SPF names, through two includes, is trusted under a policy', async () => {
    expect(await trustOf(mail, '192.0.2.3')).toBe('trusted: dmarc-spf');
    expect(dns.asked).toContain('TXT pool.example');
  });

  test('an unsigned mail from elsewhere is not', async () => {
    expect(await trustOf(mail)).toBe('untrusted: not-authenticated');
  });

  test('one changed byte of the body undoes the signature', async () => {
    const raw = await signed(mail, { domain: 'county.example' });
    expect(await trustOf(raw.replace('12 Mill', '13 Mill'))).toBe('untrusted: not-authenticated');
  });

  test('a changed subject undoes it too', async () => {
    const raw = await signed(mail, { domain: 'county.example' });
    expect(await trustOf(raw.replace('CAD Page', 'CAD page 2'))).toBe(
      'untrusted: not-authenticated',
    );
  });

  test('the signature of another domain vouches for nothing', async () => {
    const raw = await signed(mail, { domain: 'other.example' });
    expect(await trustOf(raw)).toBe('untrusted: not-authenticated');
  });

  test('a signature that leaves out the From vouches for nothing', async () => {
    const raw = await signed(mail, { domain: 'county.example', signedFields: 'Subject' });
    expect(await trustOf(raw)).toBe('untrusted: not-authenticated');
  });

  test('text behind the signed length undoes it', async () => {
    const raw = await signed(mail, { domain: 'county.example', maxBodyLength: 20 });
    expect(raw).toMatch(/l=20/);
    expect(await trustOf(`${raw}ADDR: 99 Elsewhere\r\n`)).toBe('untrusted: not-authenticated');
  });

  test('no answer from DNS trusts nobody, and says that it may be tried again', async () => {
    const raw = await signed(mail, { domain: 'county.example' });
    resolver = async () => {
      throw Object.assign(new Error('refused'), { code: 'ESERVFAIL' });
    };
    expect(await trustOf(raw)).toBe('untrusted: authentication-unavailable');
    resolver = dns;
  });
});

describe('a mail made to be expensive', () => {
  const signature = (at: number) =>
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=county.example; s=s${at}; h=from; bh=AAAA; b=AAAA; l=${1_000 + at}\r\n`;
  const costly = `${Array.from({ length: 8 }, (_, at) => signature(at)).join('')}${mail}${'\n'.repeat(4 * 1024 * 1024)}`;

  test('is stopped, while others get their answer and the process lives', async () => {
    const good = await signed(mail, { domain: 'county.example' });
    const results = await Promise.all([trustOf(costly), trustOf(good)]);
    expect(results).toEqual(['untrusted: authentication-failed', 'trusted: dkim-aligned']);
  });
});
