import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanHeader } from '#services/cad-ingest/intake/header-scan.ts';
import {
  type Authentication,
  decideTrust,
  type TrustQuestion,
  wantsAuthentication,
} from '#services/cad-ingest/intake/trust.ts';

type Found = Extract<Authentication, { kind: 'found' }>;

const header = 'From: desk@county.example\r\nSubject: CAD Page\r\n\r\n';
const scan = scanHeader(Buffer.from(header));

const listed: TrustQuestion = {
  source: { trust: 'listed', senders: ['desk@county.example'], networks: ['192.0.2.0/24', '::1'] },
  scan,
  envelopeSender: 'desk@county.example',
  remoteAddress: '192.0.2.7',
};
const authenticated: TrustQuestion = {
  ...listed,
  source: { trust: 'authenticated', senders: ['@county.example'] },
};
const nothing: Found = {
  kind: 'found',
  headerFrom: ['desk@county.example'],
  spf: { result: 'none', domain: 'county.example' },
  dkim: [],
  dmarc: { result: 'none', spfAligned: false, strictSpf: false, strictDkim: false },
};
const signature = {
  result: 'pass',
  domain: 'mail.county.example',
  aligned: true,
  wholeBody: true,
  signsFrom: true,
};

describe('a source that lists its network', () => {
  test.each(['192.0.2.7', '::ffff:192.0.2.7', '::1'])('trusts a listed sender from %s', (ip) => {
    const trust = decideTrust({ ...listed, remoteAddress: ip });
    expect(trust).toEqual({ verdict: 'trusted', reasons: ['network-listed'] });
  });

  test.each([
    ['another network', { remoteAddress: '192.0.3.7' }, 'network-not-listed'],
    ['another family', { remoteAddress: '::c000:207' }, 'network-not-listed'],
    ['an address that is none', { remoteAddress: '' }, 'network-not-listed'],
    ['the null sender', { envelopeSender: '' }, 'null-sender'],
    ['another envelope sender', { envelopeSender: 'x@y.example' }, 'envelope-sender-not-listed'],
    ['a domain below', { envelopeSender: 'desk@a.county.example' }, 'envelope-sender-not-listed'],
    ['a look-alike', { envelopeSender: 'desk@ｃounty.example' }, 'envelope-sender-not-listed'],
    ['no domain', { envelopeSender: 'desk' }, 'envelope-sender-not-listed'],
  ])('does not trust %s', (_, difference, reason) => {
    const trust = decideTrust({ ...listed, ...difference });
    expect(trust).toEqual({ verdict: 'untrusted', reasons: [reason] });
  });

  test('does not trust another sender in the header', () => {
    const other = scanHeader(Buffer.from('From: x@county.example\r\n\r\n'));
    const trust = decideTrust({ ...listed, scan: other });
    expect(trust).toEqual({ verdict: 'untrusted', reasons: ['sender-not-listed'] });
  });

  test('does not trust a header in doubt, and says every reason', () => {
    const doubtful = scanHeader(Buffer.from(`From: a@b.example\r\nX Y: z\r\n${header}`));
    const trust = decideTrust({ ...listed, scan: doubtful, remoteAddress: '198.51.100.1' });
    expect(trust.reasons).toEqual(['header-malformed', 'from-repeated', 'network-not-listed']);
  });

  test('trusts no network when none is listed', () => {
    const source = { ...listed.source, networks: [] };
    expect(decideTrust({ ...listed, source }).verdict).toBe('untrusted');
  });

  test('takes an internationalised domain in either spelling', () => {
    const source = {
      ...listed.source,
      senders: ['@xn--mnchen-3ya.example', 'desk@county.example'],
    };
    const trust = decideTrust({ ...listed, source, envelopeSender: 'Desk@münchen.example' });
    expect(trust.verdict).toBe('trusted');
  });
});

describe('a source that wants authentication', () => {
  test.each<[string, Partial<Found>, string]>([
    ['an aligned signature', { dkim: [signature] }, 'dkim-aligned'],
    [
      'a good signature beside a bad one',
      { dkim: [{ ...signature, result: 'fail' }, signature] },
      'dkim-aligned',
    ],
    [
      'aligned SPF under a DMARC policy',
      {
        spf: { result: 'pass', domain: 'county.example' },
        dmarc: { ...nothing.dmarc, result: 'pass', spfAligned: true },
      },
      'dmarc-spf',
    ],
  ])('trusts %s', (_, difference, reason) => {
    const trust = decideTrust(authenticated, { ...nothing, ...difference });
    expect(trust).toEqual({ verdict: 'trusted', reasons: [reason] });
  });

  test.each<[string, Partial<Found>, string]>([
    ['nothing that vouches', {}, 'not-authenticated'],
    ['a bad signature', { dkim: [{ ...signature, result: 'fail' }] }, 'not-authenticated'],
    ['a stranger’s signature', { dkim: [{ ...signature, aligned: false }] }, 'not-authenticated'],
    ['a signed beginning', { dkim: [{ ...signature, wholeBody: false }] }, 'not-authenticated'],
    ['an unsigned From', { dkim: [{ ...signature, signsFrom: false }] }, 'not-authenticated'],
    [
      'a domain below under a strict policy',
      { dkim: [signature], dmarc: { ...nothing.dmarc, result: 'pass', strictDkim: true } },
      'not-authenticated',
    ],
    [
      'SPF without a policy',
      { spf: { result: 'pass', domain: 'county.example' } },
      'not-authenticated',
    ],
    [
      'SPF of a domain below under a strict policy',
      {
        spf: { result: 'pass', domain: 'a.county.example' },
        dmarc: { result: 'pass', spfAligned: true, strictSpf: true, strictDkim: false },
      },
      'not-authenticated',
    ],
    [
      'no answer from DNS',
      { dkim: [{ ...signature, result: 'temperror' }] },
      'authentication-unavailable',
    ],
    [
      'a signature, but no answer for the policy',
      { dkim: [signature], dmarc: { ...nothing.dmarc, result: 'temperror' } },
      'authentication-unavailable',
    ],
    ['a verifier that saw another sender', { headerFrom: ['x@y.example'] }, 'from-disputed'],
    [
      'a verifier that saw two',
      { headerFrom: ['desk@county.example', 'a@b.example'] },
      'from-disputed',
    ],
  ])('does not trust %s', (_, difference, reason) => {
    const trust = decideTrust(authenticated, { ...nothing, ...difference });
    expect(trust).toEqual({ verdict: 'untrusted', reasons: [reason] });
  });

  test('does not trust a mail that broke the verifier, or was not verified', () => {
    const reasons = ['authentication-failed'];
    expect(decideTrust(authenticated, { kind: 'overrun' }).reasons).toEqual(reasons);
    expect(decideTrust(authenticated).reasons).toEqual(reasons);
  });

  test('asks nobody about a mail that is in doubt already', () => {
    expect(wantsAuthentication(authenticated)).toBe(true);
    expect(wantsAuthentication({ ...authenticated, envelopeSender: '' })).toBe(false);
    expect(wantsAuthentication(listed)).toBe(false);
    const many = 'DKIM-Signature: v=1\r\n'.repeat(9);
    const costly = { ...authenticated, scan: scanHeader(Buffer.from(many + header)) };
    expect(wantsAuthentication(costly)).toBe(false);
    expect(decideTrust(costly).reasons).toEqual(['too-many-signatures']);
  });
});

test('whatever the rest is, the null sender and an unlisted one are never trusted', () => {
  const result = fc.constantFrom('pass', 'fail', 'none', 'neutral', 'temperror');
  const authentication = fc.record({
    kind: fc.constant('found' as const),
    headerFrom: fc.constant(['desk@county.example']),
    spf: fc.record({ result, domain: fc.constant('county.example') }),
    dkim: fc.array(fc.record({ ...constants(), result }), { maxLength: 3 }),
    dmarc: fc.record({
      result,
      spfAligned: fc.boolean(),
      strictSpf: fc.boolean(),
      strictDkim: fc.boolean(),
    }),
  });
  const envelopeSender = fc.constantFrom('', 'x@y.example', 'desk@county.example.evil.example');
  fc.assert(
    fc.property(envelopeSender, authentication, fc.boolean(), (sender, found, isListed) => {
      const question = isListed ? listed : authenticated;
      const trust = decideTrust({ ...question, envelopeSender: sender }, found);
      expect(trust.verdict).toBe('untrusted');
    }),
  );
});

function constants() {
  const { domain, ...flags } = signature;
  return {
    domain: fc.constant(domain),
    aligned: fc.constant(flags.aligned),
    wholeBody: fc.constant(flags.wholeBody),
    signsFrom: fc.constant(flags.signsFrom),
  };
}
