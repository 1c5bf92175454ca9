import type { z } from 'zod';
import type { beginFile, StoredFile } from '#contracts/files.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { BlobHead } from '#shared/ports/blobs.ts';

export type Announcement = z.output<typeof beginFile.body>;

/** A file of which only the announcement is known. */
export function announce(
  { name, contentType, sizeBytes, sha256, attachTo }: Announcement,
  made: { readonly id: string; readonly at: string },
): StoredFile {
  return {
    id: made.id,
    version: 1,
    name,
    contentType,
    sizeBytes,
    sha256,
    attachTo,
    status: 'awaiting-bytes',
    createdAt: made.at,
  };
}

/** The file when its bytes have been checked: from now on they can be had. */
export function finish(file: StoredFile, at: string): StoredFile {
  return { ...file, version: file.version + 1, status: 'ready', finishedAt: at };
}

/** What is left of a file when an order destroyed it. The hash stays, to tell which file it was. */
export function expunge(file: StoredFile, expungedBy: string): StoredFile {
  return { ...file, version: file.version + 1, name: '', status: 'expunged', expungedBy };
}

/** In what the bytes differ from the announcement; `undefined` when they are the ones announced. */
export function differenceOf(file: StoredFile, bytes: BlobHead): string | undefined {
  const { sizeBytes, sha256 } = file;
  if (bytes.sizeBytes !== sizeBytes) {
    return `${bytes.sizeBytes} bytes arrived where sizeBytes announced ${sizeBytes}.`;
  }
  if (bytes.sha256 !== sha256) return `The bytes do not have the sha256 that was announced.`;
  return undefined;
}

/** Where the bytes are. The id is never used again, and so is the key. */
export function blobKeyOf(tenant: TenantId, fileId: string): string {
  return `${tenant}/${fileId}`;
}

/** Text was checked to be UTF-8; without the parameter a browser guesses. */
export function servedTypeOf({ contentType }: StoredFile): string {
  return contentType.startsWith('text/') ? `${contentType}; charset=utf-8` : contentType;
}
