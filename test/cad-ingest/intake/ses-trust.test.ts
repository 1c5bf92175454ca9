import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanHeader } from '#services/cad-ingest/intake/header-scan.ts';
import type { SesFindings } from '#services/cad-ingest/intake/ses-notification.ts';
import { decideBySes } from '#services/cad-ingest/intake/ses-trust.ts';
import type { TrustQuestion } from '#services/cad-ingest/intake/trust.ts';

const signature = (tags: string) => `DKIM-Signature: v=1; a=rsa-sha256; s=s1; b=AbC=; ${tags}\r\n`;
const OURS = signature('d=county.example; h=Subject:From');

function question(about: { readonly header?: string; readonly from?: string } = {}): TrustQuestion {
  const { header = OURS, from = 'desk@county.example' } = about;
  return {
    source: { trust: 'authenticated', senders: ['@county.example', '@mail.county.example'] },
    scan: scanHeader(Buffer.from(`${header}From: ${from}\r\nSubject: CAD Page\r\n\r\n`)),
    envelopeSender: 'desk@county.example',
    remoteAddress: '',
  };
}
const good: SesFindings = {
  virus: 'PASS',
  spam: 'PASS',
  dkim: 'PASS',
  dmarc: 'PASS',
  headerFrom: ['desk@county.example'],
};
const trusted = (reason: string) => ({ verdict: 'trusted', reasons: [reason] });
const untrusted = (...reasons: string[]) => ({ verdict: 'untrusted', reasons });

describe('a mail that SES took', () => {
  test('is trusted when DMARC passes', () => {
    expect(decideBySes(question(), good)).toEqual(trusted('dmarc-pass'));
  });

  test.each(['GRAY', 'PROCESSING_FAILED', 'DISABLED', 'unknown'] as const)(
    'is trusted by its own signature where DMARC says %s',
    (dmarc) => {
      expect(decideBySes(question(), { ...good, dmarc })).toEqual(trusted('dkim-aligned'));
    },
  );

  test('is trusted by the signature of a listed domain above its own', () => {
    const about = question({ from: 'desk@mail.county.example' });
    const found = { ...good, dmarc: 'GRAY' as const, headerFrom: ['desk@mail.county.example'] };
    expect(decideBySes(about, found)).toEqual(trusted('dkim-aligned'));
  });

  test.each([
    ['FAIL', 'virus-found'],
    ['GRAY', 'virus-not-excluded'],
    ['PROCESSING_FAILED', 'virus-not-excluded'],
    ['DISABLED', 'virus-not-excluded'],
    ['unknown', 'virus-not-excluded'],
  ] as const)('is not trusted when the verdict on viruses is %s', (virus, reason) => {
    expect(decideBySes(question(), { ...good, virus })).toEqual(untrusted(reason));
  });

  test.each([
    ['FAIL', 'spam-found'],
    ['DISABLED', 'spam-not-judged'],
    ['unknown', 'spam-not-judged'],
  ] as const)('is not trusted when the verdict on spam is %s', (spam, reason) => {
    expect(decideBySes(question(), { ...good, spam })).toEqual(untrusted(reason));
  });

  test.each(['GRAY', 'PROCESSING_FAILED'] as const)(
    'may be of undecided spamminess (%s)',
    (spam) => {
      expect(decideBySes(question(), { ...good, spam })).toEqual(trusted('dmarc-pass'));
    },
  );

  test.each([
    ['there is no signature', '', {}],
    ['one signature is of somebody else', OURS + signature('d=other.example; h=From'), {}],
    ['the signature leaves out From', signature('d=county.example; h=Subject'), {}],
    ['the signature leaves the end open', signature('d=county.example; h=From; l=10'), {}],
    ['a tag stands twice', signature('d=county.example; d=other.example; h=From'), {}],
    ['the signer only looks like it', signature('d=xcounty.example; h=From'), {}],
    ['the signer is no domain', signature('d=; h=From'), {}],
    ['the signature failed', OURS, { dkim: 'FAIL' }],
    ['the signature is of unknown worth', OURS, { dkim: 'unknown' }],
    ['a policy was failed', OURS, { dmarc: 'FAIL' }],
  ] as const)('is not trusted without DMARC when %s', (_, header, findings) => {
    const found = { ...good, dmarc: 'GRAY' as const, ...findings };
    expect(decideBySes(question({ header }), found)).toEqual(untrusted('not-authenticated'));
  });

  test('waits for a person when SES had no answer about its sender', () => {
    const found = { ...good, dkim: 'PROCESSING_FAILED' as const, dmarc: 'GRAY' as const };
    expect(decideBySes(question(), found)).toEqual(untrusted('authentication-unavailable'));
  });

  test.each([[[]], [['evil@other.example']], [['desk@county.example', 'evil@other.example']]])(
    'is not trusted when SES saw the senders %j',
    (headerFrom) => {
      expect(decideBySes(question(), { ...good, headerFrom })).toEqual(untrusted('from-disputed'));
    },
  );

  test('is not trusted by a network that nobody can see from here', () => {
    const about = question();
    const source = { ...about.source, trust: 'listed' as const, networks: ['0.0.0.0/0', '::/0'] };
    expect(decideBySes({ ...about, source }, good)).toEqual(untrusted('network-not-listed'));
  });

  test('is never trusted against a doubt about header or envelope, whatever SES found', () => {
    const about = { ...question(), envelopeSender: 'evil@other.example' };
    expect(decideBySes(about, good)).toEqual(untrusted('envelope-sender-not-listed'));
    const repeated = question({ header: 'From: evil@other.example\r\n' });
    expect(decideBySes(repeated, good).reasons).toContain('from-repeated');
  });
});

test('nothing but the right answers to everything makes a mail trusted', () => {
  const verdict = fc.constantFrom(
    'PASS',
    'FAIL',
    'GRAY',
    'PROCESSING_FAILED',
    'DISABLED',
    'unknown',
  );
  const findings = fc.record({
    virus: verdict,
    spam: verdict,
    dkim: verdict,
    dmarc: verdict,
    headerFrom: fc.constantFrom(['desk@county.example'], ['evil@other.example'], []),
  });
  fc.assert(
    fc.property(findings, fc.constantFrom(OURS, ''), (found, header) => {
      const { verdict: said } = decideBySes(question({ header }), found as SesFindings);
      const vouched =
        found.dmarc === 'PASS' ||
        (found.dmarc !== 'FAIL' && found.dkim === 'PASS' && header === OURS);
      const isClean =
        found.virus === 'PASS' && ['PASS', 'GRAY', 'PROCESSING_FAILED'].includes(found.spam);
      const isSeen = found.headerFrom[0] === 'desk@county.example';
      expect(said === 'trusted').toBe(isClean && isSeen && vouched);
    }),
  );
});
