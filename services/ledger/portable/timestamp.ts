/**
 * Verifies timestamps (RFC 3161): that an authority which one trusts has seen these bytes at that
 * time. The token, the bytes and the authority's root are all it needs.
 *
 * 1. Token -> SignedData (RFC 5652) -> TSTInfo: whose hash, when, under which policy.
 * 2. The one signer has signed attributes that name the TSTInfo by its hash, and its own certificate
 *    (RFC 5035), which is for timestamps and for nothing else.
 * 3. That certificate leads to a root of the caller's, and all were valid at the time of the token.
 *
 * Revocation is not asked for: an authority's certificates outlive what is online about them.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import {
  contextTag,
  type Der,
  hexOf,
  integerOf,
  oidOf,
  openDer,
  readDer,
  TAG,
  timeOf,
} from './der.ts';

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  timestamp: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  forTimestamps: '1.3.6.1.5.5.7.3.8',
} as const;

const digests: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Signature algorithms, with the digest that they name where they do. */
const signatures: Readonly<Record<string, { readonly key: string; readonly digest?: string }>> = {
  '1.2.840.113549.1.1.1': { key: 'rsa' },
  '1.2.840.113549.1.1.11': { key: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', digest: 'sha512' },
};

const CHAIN_MAX = 6;

export interface Timestamped {
  /** When the authority saw it; ISO, UTC. */
  readonly at: string;
  readonly policy: string;
  /** Hex. */
  readonly serial: string;
  /** Hex; of the request that it answered. */
  readonly nonce: string | undefined;
}

export type TimestampVerdict =
  | ({ readonly ok: true } & Timestamped)
  /** A sentence for the person who asked. */
  | { readonly ok: false; readonly reason: string };

/** `roots` are PEM: whom one trusts, from a place that the log's keeper cannot change. */
export function verifyTimestamp(evidence: {
  readonly token: Uint8Array;
  readonly bytes: Uint8Array;
  readonly roots: string;
}): TimestampVerdict {
  try {
    return { ok: true, ...verified(evidence) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function verified({ token, bytes, roots }: Parameters<typeof verifyTimestamp>[0]): Timestamped {
  const { info, signer, certificates } = signedData(token);
  const { imprint, ...timestamped } = timestampInfo(info);
  if (imprint.hash !== digestOf(imprint.digest, bytes)) {
    throw new Error('The timestamp is of other bytes.');
  }
  const certificate = signerOf(signer, info, certificates);
  assertChain(certificate, { certificates, roots: certificatesIn(roots), at: timestamped.at });
  return timestamped;
}

/** The time that a token names, whoever signed it; `undefined` for what is no token. */
export function timeInToken(token: Uint8Array): string | undefined {
  try {
    return timestampInfo(signedData(token).info).at;
  } catch {
    return undefined;
  }
}

function signedData(token: Uint8Array) {
  const outer = openDer(readDer(token));
  if (oidOf(outer.next(TAG.oid)) !== OID.signedData) throw new Error('This is no timestamp.');
  const explicit = openDer(outer.next(contextTag(0)), contextTag(0));
  outer.end();
  const data = openDer(explicit.next(TAG.sequence));
  explicit.end();
  integerOf(data.next(TAG.integer));
  data.next(TAG.set);
  const encapsulated = openDer(data.next(TAG.sequence));
  if (oidOf(encapsulated.next(TAG.oid)) !== OID.timestamp) throw new Error('This is no timestamp.');
  const content = openDer(encapsulated.next(contextTag(0)), contextTag(0));
  const info = content.next(TAG.bytes).content;
  const held = data.optional(contextTag(0));
  const certificates = held === undefined ? [] : openDer(held, contextTag(0)).rest();
  data.optional(contextTag(1));
  const signers = openDer(data.next(TAG.set), TAG.set);
  const signer = signers.next(TAG.sequence);
  // RFC 3161 section 2.4.2: no signature but that of the authority.
  signers.end();
  data.end();
  return {
    info,
    signer,
    certificates: certificates
      .filter(({ tag }) => tag === TAG.sequence)
      .map(({ whole }) => new X509Certificate(whole)),
  };
}

function timestampInfo(info: Uint8Array): Timestamped & {
  readonly imprint: { readonly digest: string; readonly hash: string };
} {
  const reader = openDer(readDer(info));
  if (integerOf(reader.next(TAG.integer)) !== '1') throw new Error('A version that is not known.');
  const policy = oidOf(reader.next(TAG.oid));
  const imprint = openDer(reader.next(TAG.sequence));
  const digest = algorithmOf(imprint.next(TAG.sequence));
  const hash = hexOf(imprint.next(TAG.bytes).content);
  const serial = integerOf(reader.next(TAG.integer));
  const at = timeOf(reader.next(TAG.time));
  reader.optional(TAG.sequence);
  reader.optional(TAG.boolean);
  const nonce = reader.optional(TAG.integer);
  return {
    imprint: { digest: digestNamed(digest), hash },
    policy,
    serial,
    at,
    nonce: nonce && integerOf(nonce),
  };
}

/** The certificate of the signer, when its signature is good and names it. */
function signerOf(
  signer: Der,
  info: Uint8Array,
  certificates: readonly X509Certificate[],
): X509Certificate {
  const reader = openDer(signer);
  integerOf(reader.next(TAG.integer));
  // Who it is: the attributes say so in a way that is signed.
  if (reader.optional(TAG.sequence) === undefined) reader.next(0x80);
  const digest = digestNamed(algorithmOf(reader.next(TAG.sequence)));
  const attributes = reader.next(contextTag(0));
  const algorithm = signatures[algorithmOf(reader.next(TAG.sequence))];
  const signature = reader.next(TAG.bytes).content;
  const named = attributesIn(attributes);
  if (oidOf(single(named, OID.contentType)) !== OID.timestamp) {
    throw new Error('The signature is not of a timestamp.');
  }
  const hash = single(named, OID.messageDigest);
  if (hash.tag !== TAG.bytes || hexOf(hash.content) !== digestOf(digest, info)) {
    throw new Error('The signature is of another timestamp.');
  }
  const certificate = certificates.find((each) => isNamedBy(each, named));
  if (certificate === undefined) throw new Error('The certificate of the signer is not there.');
  const key = certificate.publicKey;
  const isKnown = algorithm !== undefined && (algorithm.digest ?? digest) === digest;
  if (!isKnown || key.asymmetricKeyType !== algorithm.key) {
    throw new Error('The signature is by an algorithm that is not known here.');
  }
  // RFC 5652 section 5.4: signed as a SET, whatever tag it has in its place.
  const signed = Uint8Array.from(attributes.whole);
  signed[0] = TAG.set;
  if (!verify(digest, signed, key, signature)) {
    throw new Error('The signature is not good.');
  }
  return certificate;
}

type Attributes = ReadonlyMap<string, readonly Der[]>;

function attributesIn(attributes: Der): Attributes {
  const named = new Map<string, readonly Der[]>();
  for (const attribute of openDer(attributes, contextTag(0)).rest()) {
    const reader = openDer(attribute);
    const oid = oidOf(reader.next(TAG.oid));
    if (named.has(oid)) throw new Error('An attribute stands twice.');
    named.set(oid, openDer(reader.next(TAG.set), TAG.set).rest());
    reader.end();
  }
  return named;
}

function single(attributes: Attributes, oid: string): Der {
  const [value, ...others] = attributes.get(oid) ?? [];
  if (value === undefined || others.length > 0) throw new Error('An attribute is missing.');
  return value;
}

/** RFC 5035: the first one named is that of the signer. RFC 2634 named it by SHA-1. */
function isNamedBy(certificate: X509Certificate, attributes: Attributes): boolean {
  const isNew = attributes.has(OID.signingCertificateV2);
  const oid = isNew ? OID.signingCertificateV2 : OID.signingCertificate;
  const list = openDer(openDer(single(attributes, oid)).next(TAG.sequence));
  const first = openDer(list.next(TAG.sequence));
  const algorithm = isNew ? first.optional(TAG.sequence) : undefined;
  const whole = isNew ? 'sha256' : 'sha1';
  const digest = algorithm === undefined ? whole : digestNamed(algorithmOf(algorithm));
  return hexOf(first.next(TAG.bytes).content) === digestOf(digest, certificate.raw);
}

function assertChain(
  signer: X509Certificate,
  about: {
    readonly certificates: readonly X509Certificate[];
    readonly roots: readonly X509Certificate[];
    readonly at: string;
  },
): void {
  const { certificates, roots, at } = about;
  // RFC 3161 section 2.3: that, and nothing else.
  const uses = signer.keyUsage ?? [];
  if (uses.length !== 1 || uses[0] !== OID.forTimestamps) {
    throw new Error('The certificate of the signer is not for timestamps alone.');
  }
  let current = signer;
  for (let length = 0; length < CHAIN_MAX; length += 1) {
    assertValidAt(current, at);
    const root = roots.find((each) => hasIssued(each, current));
    if (root !== undefined) {
      assertValidAt(root, at);
      return;
    }
    const issuer = certificates.find((each) => each !== current && hasIssued(each, current));
    if (issuer === undefined) break;
    current = issuer;
  }
  throw new Error('The certificate of the signer does not lead to a root that is trusted here.');
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function assertValidAt(certificate: X509Certificate, at: string): void {
  const time = Date.parse(at);
  const { validFrom, validTo } = certificate;
  if (Date.parse(validFrom) <= time && time <= Date.parse(validTo)) return;
  throw new Error('A certificate was not valid at the time of the timestamp.');
}

/** Certificates of a PEM text. */
export function certificatesIn(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((each) => new X509Certificate(each));
}

function algorithmOf(algorithm: Der): string {
  return oidOf(openDer(algorithm).next(TAG.oid));
}

function digestNamed(oid: string): string {
  const digest = digests[oid];
  if (digest === undefined) throw new Error('A hash function that is not known here.');
  return digest;
}

function digestOf(digest: string, bytes: Uint8Array): string {
  return createHash(digest).update(bytes).digest('hex');
}
