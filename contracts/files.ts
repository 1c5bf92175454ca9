import { z } from 'zod';
import { FILE_BYTES_MAX } from './limits.ts';
import { operation } from './operation.ts';
import { rowId, sha256Hex, shortText, timestamp } from './primitives.ts';

export const file = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  name: z.string(),
  contentType: z.string(),
  sizeBytes: z.number().int().positive(),
  sha256: sha256Hex,
  attachTo: z.strictObject({ type: z.enum(['incident']), id: rowId }),
  /**
   * `awaiting-bytes` until finish has checked them; only `ready` files can be downloaded. Of an
   * `expunged` one name and bytes were destroyed by order.
   */
  status: z.enum(['awaiting-bytes', 'ready', 'expunged']),
  createdAt: timestamp,
  finishedAt: timestamp.optional(),
  /** The expungement: `/v1/ledger/expungements/{id}`. */
  expungedBy: rowId.optional(),
});
export type StoredFile = z.infer<typeof file>;

/** Where the bytes go to or come from, without passing through a service. */
export const upload = z.strictObject({
  method: z.literal('PUT'),
  url: z.string(),
  /** To be sent with the bytes exactly as given. */
  headers: z.record(z.string(), z.string()),
  expiresAt: timestamp,
});

const params = z.strictObject({ id: rowId });

/** No separators, no control characters: it ends up in `Content-Disposition`. */
const fileName = shortText(200).refine(
  (name) => !/[/\\:*?"<>|]/.test(name) && !/^\.+$/.test(name),
  {
    error: 'must not hold any of / \\ : * ? " < > |',
  },
);

/** Types that can be attached; SVG and HTML are not among them, because they can hold scripts. */
export const contentTypes = [
  'application/pdf',
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/tiff',
  'text/plain',
  'text/csv',
] as const;

export const beginFile = operation({
  name: 'files.file.begin',
  summary: 'Announce a file; the answer says where to put its bytes',
  http: { method: 'POST', path: '/v1/files', status: 201 },
  body: z.strictObject({
    name: fileName,
    contentType: z.enum(contentTypes),
    sizeBytes: z.number().int().min(1).max(FILE_BYTES_MAX),
    sha256: sha256Hex,
    attachTo: z.strictObject({ type: z.enum(['incident']), id: rowId }),
  }),
  output: z.strictObject({ ...file.shape, upload }),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'files:write',
  audit: { kind: 'change', action: 'files.file.begun', object: 'file' },
});

export const finishFile = operation({
  name: 'files.file.finish',
  summary: 'Check the bytes (length, SHA-256, type by content) and make the file readable',
  http: { method: 'POST', path: '/v1/files/{id}/finish', status: 200 },
  params,
  output: file,
  problems: [
    'not-found',
    'gone',
    'conflict',
    'version-mismatch',
    'content-mismatch',
    'ledger-behind',
  ],
  permission: 'files:write',
  audit: { kind: 'change', action: 'files.file.finished', object: 'file' },
  versioned: true,
});

export const readFile = operation({
  name: 'files.file.read',
  summary: 'Read what is known of a file',
  http: { method: 'GET', path: '/v1/files/{id}', status: 200 },
  params,
  output: file,
  problems: ['not-found'],
  permission: 'files:read',
  audit: { kind: 'none', because: 'name and size only; each URL to the bytes is an event' },
  versioned: true,
});

export const fileUrl = operation({
  name: 'files.file.url',
  summary: 'A signed URL of at most five minutes to the bytes',
  http: { method: 'GET', path: '/v1/files/{id}/url', status: 200 },
  params,
  output: z.strictObject({ url: z.string(), expiresAt: timestamp }),
  problems: ['not-found', 'gone', 'conflict'],
  permission: 'files:read',
  audit: { kind: 'read', action: 'files.file.url-issued', object: 'file' },
});
