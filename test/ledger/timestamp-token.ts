/**
 * Timestamps (RFC 3161) made field by field, each of which a test can have otherwise: DER, X.509
 * certificates (RFC 5280), SignedData (RFC 5652).
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const TOKEN_AT = '20310102100507Z';
export const STAMPED = Buffer.from('the bytes that an authority has seen');

export const OID = {
  signedData: '1.2.840.113549.1.7.2',
  data: '1.2.840.113549.1.7.1',
  timestamp: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  forTimestamps: '1.3.6.1.5.5.7.3.8',
  forServers: '1.3.6.1.5.5.7.3.1',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  md5: '1.2.840.113549.2.5',
  rsa: '1.2.840.113549.1.1.1',
  rsaWithSha256: '1.2.840.113549.1.1.11',
  rsaWithSha384: '1.2.840.113549.1.1.12',
  rsaWithSha512: '1.2.840.113549.1.1.13',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
} as const;

/** One element; lengths in their shortest form. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const head = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
export const octets = (bytes: Uint8Array) => der(0x04, bytes);
export const integer = (value: number) => der(0x02, Buffer.of(value));
export const time = (text: string) => der(0x18, Buffer.from(text));

export function oid(dots: string): Buffer {
  const [first = 0, second = 0, ...others] = dots.split('.').map(Number);
  return der(0x06, Buffer.from([40 * first + second, ...others].flatMap(base128)));
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let rest = arc >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

export const hashOf = (digest: string, bytes: Uint8Array) =>
  createHash(digest).update(bytes).digest();

export interface Holder {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

export function holder(name: string): Holder {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { name, key: privateKey, publicKey };
}

export function rsaHolder(name: string): Holder {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { name, key: privateKey, publicKey };
}

export interface CertificateParts {
  readonly subject: Holder;
  readonly issuer: Holder;
  readonly isCa?: boolean;
  /** Extended key usage; absent: none. */
  readonly uses?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

/** DER. */
export function certificate(parts: CertificateParts): Buffer {
  const { subject, issuer, isCa = false, uses } = parts;
  const { from = '20300101000000Z', to = '20400101000000Z' } = parts;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const constraints = sequence(...(isCa ? [der(0x01, Buffer.of(0xff))] : []));
  const usage = uses && [extension('2.5.29.37', sequence(...uses.map(oid)))];
  const signed = sequence(
    der(0xa0, integer(2)),
    integer(1),
    algorithm,
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension('2.5.29.19', constraints), ...(usage ?? []))),
  );
  const signature = sign('sha256', signed, issuer.key);
  return sequence(signed, algorithm, der(0x03, Buffer.of(0), signature));
}

const extension = (id: string, value: Uint8Array) => sequence(oid(id), octets(value));

const nameOf = ({ name }: Holder) =>
  sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))));

export const pemOf = (...certificates: readonly Buffer[]) =>
  certificates
    .map(
      (each) =>
        `-----BEGIN CERTIFICATE-----\n${each.toString('base64')}\n-----END CERTIFICATE-----\n`,
    )
    .join('');

export const attribute = (id: string, ...values: readonly Uint8Array[]) =>
  sequence(oid(id), set(...values));

/** RFC 5035: the certificate by its SHA-256, or by the hash that is named. */
export function namedBy(certificates: readonly Uint8Array[], digest?: 'sha512'): Buffer {
  const algorithm = digest === undefined ? [] : [sequence(oid(OID[digest]))];
  const list = certificates.map((each) =>
    sequence(...algorithm, octets(hashOf(digest ?? 'sha256', each))),
  );
  return attribute(OID.signingCertificateV2, sequence(sequence(...list)));
}

/** RFC 2634: by its SHA-1. */
export const namedBySha1 = (each: Uint8Array) =>
  attribute(OID.signingCertificate, sequence(sequence(sequence(octets(hashOf('sha1', each))))));

export interface TokenParts {
  readonly signer: Holder;
  /** Of the signer; DER. */
  readonly certificate: Buffer;
  readonly outerType?: string;
  readonly innerType?: string;
  readonly infoVersion?: number;
  readonly policy?: string;
  /** Of the bytes; its OID, and the hash. */
  readonly imprint?: readonly [string, Uint8Array];
  readonly at?: string;
  /** What stands between the time and the end of TSTInfo. */
  readonly infoEnd?: readonly Buffer[];
  /** What stands in [0] of SignedData; `undefined`: there is none. */
  readonly certificates?: readonly Buffer[] | undefined;
  readonly crls?: readonly Buffer[];
  /** Who signed: by issuer and number, unless it is otherwise. */
  readonly identifier?: Buffer;
  /** By whom the TSTInfo is hashed, and the attributes before they are signed. */
  readonly digest?: 'sha256' | 'sha384' | 'sha512';
  readonly attributes?: (usual: UsualAttributes) => readonly Buffer[];
  readonly algorithm?: string;
  readonly signature?: (right: Buffer) => Buffer;
  readonly signers?: (one: Buffer) => readonly Buffer[];
  /** Behind the signers, behind SignedData, behind its wrap. */
  readonly more?: { readonly data?: Buffer; readonly explicit?: Buffer; readonly outer?: Buffer };
}

interface UsualAttributes {
  readonly type: Buffer;
  readonly digest: Buffer;
  readonly certificate: Buffer;
  /** Of the TSTInfo. */
  readonly hash: Buffer;
}

/** DER; everything that is not given is as it should be. */
export function tokenOf(parts: TokenParts): Buffer {
  const info = infoOf(parts);
  const { outerType = OID.signedData, innerType = OID.timestamp, more = {} } = parts;
  const held = 'certificates' in parts ? parts.certificates : [parts.certificate];
  const { crls, signers = (one) => [one] } = parts;
  const data = sequence(
    integer(3),
    set(sequence(oid(OID.sha256))),
    sequence(oid(innerType), der(0xa0, octets(info))),
    ...(held === undefined ? [] : [der(0xa0, ...held)]),
    ...(crls === undefined ? [] : [der(0xa1, ...crls)]),
    set(...signers(signerOf(parts, info))),
    more.data ?? Buffer.alloc(0),
  );
  const explicit = der(0xa0, data, more.explicit ?? Buffer.alloc(0));
  return sequence(oid(outerType), explicit, more.outer ?? Buffer.alloc(0));
}

function infoOf(parts: TokenParts): Buffer {
  const { infoVersion = 1, policy = '1.2.3.4.1', at = TOKEN_AT, infoEnd = [] } = parts;
  const [digest, hash] = parts.imprint ?? [OID.sha256, hashOf('sha256', STAMPED)];
  const imprint = sequence(sequence(oid(digest)), octets(hash));
  return sequence(integer(infoVersion), oid(policy), imprint, integer(9), time(at), ...infoEnd);
}

function signerOf(parts: TokenParts, info: Buffer): Buffer {
  const { digest = 'sha256', algorithm = OID.ecdsaWithSha256, signature } = parts;
  const hash = hashOf(digest, info);
  const usual = {
    type: attribute(OID.contentType, oid(OID.timestamp)),
    digest: attribute(OID.messageDigest, octets(hash)),
    certificate: namedBy([parts.certificate]),
    hash,
  };
  const attributes = parts.attributes?.(usual) ?? [usual.type, usual.digest, usual.certificate];
  const right = sign(digest, set(...attributes), parts.signer.key);
  return sequence(
    integer(1),
    parts.identifier ?? sequence(nameOf(parts.signer), integer(1)),
    sequence(oid(OID[digest])),
    der(0xa0, ...attributes),
    sequence(oid(algorithm)),
    octets(signature?.(right) ?? right),
  );
}
