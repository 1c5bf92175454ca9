/**
 * Addresses under which clients reach S3 themselves. The signature covers method, key, time and each
 * header named in it: S3 refuses a request in which one of them is missing or different, and bytes
 * whose length or SHA-256 is not the one in its header.
 */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { GetTerms, PutTerms, SignedUrl } from '#shared/ports/blobs.ts';
import { attachment } from '../embedded/blobs-door.ts';
import { assertBlobKey } from '../embedded/blobs-objects.ts';
import { assertGetTerms, assertPutTerms } from '../embedded/blobs-ticket.ts';
import { type AwsSettings, clientConfig } from './sdk/client.ts';

/** Sent by the client as they are, and not moved into the address, where S3 would not compare them. */
const PINNED = new Set([
  'content-type',
  'content-length',
  'if-none-match',
  'x-amz-checksum-sha256',
]);

export interface Signing {
  signPut(terms: PutTerms): Promise<SignedUrl>;
  signGet(terms: GetTerms): Promise<SignedUrl>;
  close(): void;
}

export function openSigning(settings: {
  readonly aws: AwsSettings;
  readonly bucket: string;
  readonly publicEndpoint?: string;
  readonly clock: () => number;
}): Signing {
  const { aws, bucket, publicEndpoint, clock } = settings;
  const endpoint = publicEndpoint ?? aws.endpoint;
  const client = new S3Client({
    ...clientConfig({ ...aws, ...(endpoint === undefined ? {} : { endpoint }) }),
    forcePathStyle: endpoint !== undefined,
    // The SHA-256 in the terms is the checksum; a second one would have to be sent along.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

  async function signed(
    command: PutObjectCommand | GetObjectCommand,
    lifetimeSeconds: number,
    headers: SignedUrl['headers'],
  ): Promise<SignedUrl> {
    const now = clock();
    const url = await getSignedUrl(client, command, {
      expiresIn: lifetimeSeconds,
      signingDate: new Date(now),
      signableHeaders: new Set(['host', ...PINNED]),
      unhoistableHeaders: PINNED,
    });
    return { url, headers, expiresAt: new Date(now + lifetimeSeconds * 1_000).toISOString() };
  }

  return {
    async signPut(terms) {
      assertBlobKey(terms.key);
      assertPutTerms(terms);
      const { key, contentType, sizeBytes, sha256, lifetimeSeconds } = terms;
      const checksum = Buffer.from(sha256, 'hex').toString('base64');
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentType: contentType,
        ContentLength: sizeBytes,
        ChecksumSHA256: checksum,
        IfNoneMatch: '*',
      });
      return signed(command, lifetimeSeconds, {
        'content-type': contentType,
        'if-none-match': '*',
        'x-amz-checksum-sha256': checksum,
      });
    },
    async signGet(terms) {
      assertBlobKey(terms.key);
      assertGetTerms(terms);
      const { key, contentType, fileName, lifetimeSeconds } = terms;
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ResponseContentType: contentType,
        ResponseContentDisposition: attachment(fileName),
        ResponseCacheControl: 'private, no-store',
      });
      return signed(command, lifetimeSeconds, {});
    },
    close: () => client.destroy(),
  };
}
