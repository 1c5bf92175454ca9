/** What each field of a timestamp says, and by which sentence it is refused: RFC 3161, RFC 5652. */
import { describe, expect, test } from 'vitest';
import {
  certificatesIn,
  timeInToken,
  verifyTimestamp,
} from '#services/ledger/portable/timestamp.ts';
import {
  attribute,
  certificate,
  der,
  type Holder,
  hashOf,
  holder,
  integer,
  namedBy,
  namedBySha1,
  OID,
  octets,
  oid,
  pemOf,
  rsaHolder,
  STAMPED,
  sequence,
  type TokenParts,
  tokenOf,
} from './timestamp-token.ts';

const [root, signer, other] = [holder('root'), holder('authority'), holder('other')];
const rootCertificate = certificate({ subject: root, issuer: root, isCa: true });
const uses = [OID.forTimestamps];
const own = certificate({ subject: signer, issuer: root, uses });
const others = certificate({ subject: other, issuer: root, uses });
const usual = { signer, certificate: own };
const roots = pemOf(rootCertificate);

const verdictOf = (token: Uint8Array, trusted = roots) =>
  verifyTimestamp({ token, bytes: STAMPED, roots: trusted });

function expectGood(change: Partial<TokenParts> = {}, trusted = roots) {
  const verdict = verdictOf(tokenOf({ ...usual, ...change }), trusted);
  expect(verdict).toMatchObject({ ok: true });
  return verdict;
}

function expectRefused(reason: string, change: Partial<TokenParts>, trusted = roots) {
  const verdict = verdictOf(tokenOf({ ...usual, ...change }), trusted);
  expect(verdict).toEqual({ ok: false, reason });
}

describe('a timestamp', () => {
  test('says when, under which policy, by which number, to which request', () => {
    const infoEnd = [integer(0x4d)];
    expect(expectGood({ infoEnd })).toEqual({
      ok: true,
      at: '2031-01-02T10:05:07.000Z',
      policy: '1.2.3.4.1',
      serial: '9',
      nonce: '4d',
    });
    expect(expectGood({ policy: '1.2.840.7' })).toMatchObject({ policy: '1.2.840.7' });
  });

  test('may leave out accuracy, ordering and nonce, each for itself, and say more behind them', () => {
    const accuracy = sequence(integer(1));
    const ordering = der(0x01, Buffer.of(0xff));
    const authority = der(0xa0, sequence());
    expect(expectGood()).toMatchObject({ nonce: undefined });
    for (const infoEnd of [
      [accuracy],
      [ordering],
      [accuracy, ordering],
      [accuracy, ordering, authority],
    ]) {
      expect(expectGood({ infoEnd })).toMatchObject({ nonce: undefined });
      const withNonce = infoEnd.toSpliced(infoEnd.at(-1) === authority ? 2 : 9, 0, integer(5));
      expect(expectGood({ infoEnd: withNonce })).toMatchObject({ nonce: '5' });
    }
  });

  test('tells its time without a root, unless it is none', () => {
    const token = tokenOf({ ...usual, certificates: undefined });
    expect(timeInToken(token)).toBe('2031-01-02T10:05:07.000Z');
    expect(timeInToken(token.subarray(1))).toBeUndefined();
  });

  test.each([
    ['sha256', 32],
    ['sha384', 48],
    ['sha512', 64],
  ] as const)('is of the %s of the bytes, and of no others', (digest, length) => {
    const hash = hashOf(digest, STAMPED);
    expect(hash.length).toBe(length);
    expectGood({ imprint: [OID[digest], hash] });
    const wrong = 'The timestamp is of other bytes.';
    expectRefused(wrong, { imprint: [OID[digest], hashOf(digest, Buffer.from('others'))] });
    expectRefused(wrong, { imprint: [OID[digest], hash.subarray(1)] });
  });

  test('is of a version and by hash functions that are known', () => {
    expectRefused('A version that is not known.', { infoVersion: 2 });
    const unknown = 'A hash function that is not known here.';
    expectRefused(unknown, { imprint: [OID.md5, hashOf('md5', STAMPED)] });
  });
});

describe('SignedData', () => {
  test('is what the token is, and holds a TSTInfo', () => {
    expectRefused('This is no timestamp.', { outerType: OID.data });
    expectRefused('This is no timestamp.', { innerType: OID.data });
  });

  test('has one signer, and nothing behind it', () => {
    const more = 'not DER: something more';
    expectRefused(more, { signers: (one) => [one, one] });
    expectRefused('not DER: something missing', { signers: () => [] });
    expectRefused(more, { more: { data: integer(1) } });
    expectRefused(more, { more: { explicit: integer(1) } });
    expectRefused(more, { more: { outer: integer(1) } });
  });

  test('may hold revocation lists, and certificates of other kinds, which say nothing', () => {
    expectGood({ crls: [sequence()] });
    expectGood({ certificates: [der(0xa2, integer(1)), own] });
    expectGood({ certificates: [others, own] });
  });

  test('holds the certificate of the signer', () => {
    const missing = 'The certificate of the signer is not there.';
    expectRefused(missing, { certificates: undefined });
    expectRefused(missing, { certificates: [] });
    expectRefused(missing, { certificates: [others] });
  });
});

describe('the signer', () => {
  test('is named by issuer and number, or by the id of its key', () => {
    expectGood({ identifier: der(0x80, Buffer.of(1, 2, 3)) });
    expectRefused('not DER: the tag 130 instead of 128', { identifier: der(0x82) });
  });

  test('signs that it is a timestamp, and which one', () => {
    const data = attribute(OID.contentType, oid(OID.data));
    expectRefused('The signature is not of a timestamp.', {
      attributes: ({ digest, certificate: named }) => [data, digest, named],
    });
    const another = 'The signature is of another timestamp.';
    for (const value of [octets(hashOf('sha256', STAMPED)), octets(Buffer.alloc(0))]) {
      const digest = attribute(OID.messageDigest, value);
      expectRefused(another, { attributes: ({ type, certificate: n }) => [type, digest, n] });
    }
    // The right bytes as something else than OCTET STRING.
    expectRefused(another, {
      attributes: ({ type, hash, certificate: named }) => [
        type,
        attribute(OID.messageDigest, der(0x0c, hash)),
        named,
      ],
    });
  });

  test('signs each attribute once, with one value, and may sign others', () => {
    const missing = 'An attribute is missing.';
    expectRefused(missing, { attributes: ({ digest, certificate: n }) => [digest, n] });
    expectRefused(missing, { attributes: ({ type, certificate: n }) => [type, n] });
    expectRefused(missing, { attributes: ({ type, digest }) => [type, digest] });
    expectRefused(missing, {
      attributes: ({ digest, certificate: named }) => [
        attribute(OID.contentType, oid(OID.timestamp), oid(OID.timestamp)),
        digest,
        named,
      ],
    });
    expectRefused('An attribute stands twice.', {
      attributes: ({ type, digest, certificate: n }) => [type, digest, n, type],
    });
    const late = sequence(oid(OID.signingTime), der(0x31), integer(1));
    expectRefused('not DER: something more', {
      attributes: ({ type, digest, certificate: n }) => [type, digest, n, late],
    });
    const at = attribute(OID.signingTime, der(0x17, Buffer.from('310102100507Z')));
    expectGood({ attributes: ({ type, digest, certificate: n }) => [at, type, digest, n] });
  });

  test('has signed these attributes', () => {
    const bad = 'The signature is not good.';
    expectRefused(bad, { signer: other });
    expectRefused(bad, { signature: (right) => right.subarray(1) });
  });

  test.each([
    ['sha256', OID.ecdsaWithSha256],
    ['sha384', OID.ecdsaWithSha384],
    ['sha512', OID.ecdsaWithSha512],
  ] as const)(
    'signs by ECDSA with %s, when the algorithm names it as well',
    (digest, algorithm) => {
      expectGood({ digest, algorithm });
      const unknown = 'The signature is by an algorithm that is not known here.';
      const wrong = digest === 'sha384' ? OID.ecdsaWithSha256 : OID.ecdsaWithSha384;
      expectRefused(unknown, { digest, algorithm: wrong });
      expectRefused(unknown, { digest, algorithm: OID.rsa });
      expectRefused(unknown, { digest, algorithm: OID.sha256 });
    },
  );

  test('signs by RSA, with a digest that the algorithm names or leaves to the signer', () => {
    const by = rsaHolder('RSA');
    const change = { signer: by, certificate: certificate({ subject: by, issuer: root, uses }) };
    expectGood({ ...change, algorithm: OID.rsa });
    expectGood({ ...change, algorithm: OID.rsa, digest: 'sha512' });
    expectGood({ ...change, algorithm: OID.rsaWithSha256 });
    expectGood({ ...change, algorithm: OID.rsaWithSha384, digest: 'sha384' });
    expectGood({ ...change, algorithm: OID.rsaWithSha512, digest: 'sha512' });
    const unknown = 'The signature is by an algorithm that is not known here.';
    expectRefused(unknown, { ...change, algorithm: OID.rsaWithSha512 });
    expectRefused(unknown, { ...change, algorithm: OID.ecdsaWithSha256 });
  });

  test('names its certificate by a hash of it: SHA-256, the one it says, or SHA-1 in the older form', () => {
    const naming = (...named: readonly Buffer[]): Partial<TokenParts> => ({
      certificates: [others, own],
      attributes: ({ type, digest }) => [type, digest, ...named],
    });
    expectGood(naming(namedBy([own], 'sha512')));
    expectGood(naming(namedBySha1(own)));
    // Others that follow are those of its chain; the newer form is the one that counts.
    expectGood(naming(namedBy([own, rootCertificate])));
    expectGood(naming(namedBySha1(rootCertificate), namedBy([own])));
    const missing = 'The certificate of the signer is not there.';
    expectRefused(missing, naming(namedBySha1(own), namedBy([rootCertificate])));
    expectRefused(missing, naming(namedBy([rootCertificate, own])));
    // It names another one than that whose key has signed.
    expectRefused('The signature is not good.', naming(namedBy([others])));
    const algorithm = sequence(oid(OID.md5));
    const byMd5 = sequence(sequence(sequence(algorithm, octets(hashOf('md5', own)))));
    const unknown = 'A hash function that is not known here.';
    expectRefused(unknown, naming(attribute(OID.signingCertificateV2, byMd5)));
    // The older form has no place for an algorithm.
    const old = sequence(
      sequence(sequence(sequence(oid(OID.sha256)), octets(hashOf('sha256', own)))),
    );
    const noPlace = 'not DER: the tag 48 instead of 4';
    expectRefused(noPlace, naming(attribute(OID.signingCertificate, old)));
  });
});

describe('the certificate of the signer', () => {
  const signedUnder = (issuer: Holder, more: Partial<Parameters<typeof certificate>[0]> = {}) =>
    certificate({ subject: signer, issuer, uses, ...more });
  const nowhere = 'The certificate of the signer does not lead to a root that is trusted here.';
  const notValid = 'A certificate was not valid at the time of the timestamp.';

  test('is for timestamps, and for nothing else', () => {
    const alone = 'The certificate of the signer is not for timestamps alone.';
    const not = [undefined, [], [OID.forServers], [...uses, OID.forServers]];
    for (const each of not) {
      const own = certificate({
        subject: signer,
        issuer: root,
        ...(each === undefined ? {} : { uses: each }),
      });
      expectRefused(alone, { certificate: own });
    }
  });

  test('was valid when it signed, from its first second to its last', () => {
    const at = '20310102100507Z';
    expectGood({ certificate: signedUnder(root, { from: at, to: at }) });
    const early = signedUnder(root, { from: '20310102100508Z' });
    const late = signedUnder(root, { to: '20310102100506Z' });
    expectRefused(notValid, { certificate: early });
    expectRefused(notValid, { certificate: late });
  });

  test('leads to a root that was valid as well', () => {
    const old = certificate({ subject: root, issuer: root, isCa: true, to: '20301231000000Z' });
    expectRefused(notValid, {}, pemOf(old));
    expectGood({}, pemOf(others, rootCertificate));
  });

  test('is issued by the very root: by name, by key, and as an authority', () => {
    const [sameName, sameKey] = [holder('root'), { ...root, name: 'other root' }];
    for (const issuer of [sameName, sameKey]) {
      const trusted = pemOf(certificate({ subject: issuer, issuer, isCa: true }));
      expectRefused(nowhere, {}, trusted);
    }
    const noAuthority = pemOf(certificate({ subject: root, issuer: root }));
    expectRefused(nowhere, {}, noAuthority);
    expectRefused(nowhere, {}, '');
  });

  /** The signer below `count` authorities below the root. */
  function chainOf(
    count: number,
    changeLast: { readonly to?: string; readonly isCa?: boolean } = {},
  ) {
    const between = Array.from({ length: count }, (_, n) => holder(`between ${n}`));
    const certificates = between.map((subject, n) => {
      const change = n === count - 1 ? changeLast : {};
      return certificate({ subject, issuer: between[n - 1] ?? root, isCa: true, ...change });
    });
    const own = signedUnder(between.at(-1) ?? root);
    return { certificate: own, certificates: [own, ...certificates] };
  }

  test('may be issued by others below the root, five at most', () => {
    for (const count of [1, 2, 5]) expectGood(chainOf(count));
    expectRefused(nowhere, chainOf(6));
    const { certificate: lone } = chainOf(1);
    expectRefused(nowhere, { certificate: lone, certificates: [lone] });
    expectRefused(notValid, chainOf(2, { to: '20301231000000Z' }));
    expectRefused(nowhere, chainOf(2, { isCa: false }));
  });

  test('that was issued by itself, or in a circle, leads nowhere', () => {
    const alone = certificate({ subject: signer, issuer: signer, uses, isCa: true });
    expectRefused(nowhere, { certificate: alone });
    const ring = [
      certificate({ subject: other, issuer: root, isCa: true }),
      certificate({ subject: root, issuer: other, isCa: true }),
    ];
    const strange = pemOf(certificate({ subject: holder('x'), issuer: holder('x'), isCa: true }));
    expectRefused(nowhere, { certificates: [own, ...ring] }, strange);
  });
});

test('certificates are found in a text, between whatever else', () => {
  const text = `of the root:\n${roots}\nand ours:\n${pemOf(own)}`;
  const found = certificatesIn(text).map(({ raw }) => raw.toString('hex'));
  expect(found).toEqual([rootCertificate, own].map((each) => each.toString('hex')));
  expect(certificatesIn('none')).toEqual([]);
});
