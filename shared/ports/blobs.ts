import type { Readable } from 'node:stream';

/** What a signed place to put bytes pins; the store refuses anything else. */
export interface PutTerms {
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** At most UPLOAD_LIFETIME_SECONDS. */
  readonly lifetimeSeconds: number;
}

export interface GetTerms {
  readonly key: string;
  readonly contentType: string;
  /** Name offered to the person who saves it; sent as a safe `Content-Disposition: attachment`. */
  readonly fileName: string;
  /** At most SIGNED_URL_LIFETIME_SECONDS_MAX. */
  readonly lifetimeSeconds: number;
}

export interface SignedUrl {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

export interface BlobHead {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Whole objects by key. Keys are `/`-separated segments of 1 to 200 of `[A-Za-z0-9._-]`, at most 512
 * characters, no segment `.` or `..`; a key may be the beginning of others. Anything else as a key
 * is a bug, because keys are made inside.
 */
export interface Blobs {
  /**
   * Puts the bytes if the key is free. Durable before it resolves, and never visible in part: a
   * stream that breaks off leaves nothing and its error comes back. `exists` when there is an object
   * already (durable too): it is left as it is. The stream is read to its end, or destroyed.
   */
  put(key: string, bytes: Uint8Array | Readable): Promise<'stored' | 'exists'>;
  /** Length and SHA-256 of the stored bytes; `undefined` when there is no such object. */
  head(key: string): Promise<BlobHead | undefined>;
  /** `undefined` when there is no such object. The stream MUST be read or destroyed. */
  get(key: string): Promise<Readable | undefined>;
  /** Idempotent. A store may keep a version of what was removed, for those who must bring it back. */
  remove(key: string): Promise<void>;
  /**
   * The same, and MUST leave no version in the store, as far as the store decides that: also of an
   * object that was removed before. Expunged bytes go by it.
   */
  erase(key: string): Promise<void>;
  /** URL to which the client PUTs the bytes itself, with the headers given and `content-length`. */
  signPut(terms: PutTerms): Promise<SignedUrl>;
  /** URL from which the client GETs the bytes itself. */
  signGet(terms: GetTerms): Promise<SignedUrl>;
}

export interface DoorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable;
  /** Why not, for the caller; absent on success. */
  readonly detail?: string;
}

/** A store, and its door where it has one here. */
export interface BlobStores extends AsyncDisposable {
  readonly blobs: Blobs;
  readonly door: BlobDoor;
}

/**
 * The end of the signed URLs where the store has no HTTP door of its own (one machine). The gateway
 * serves `PUT` and `GET /blobs/{store}/{ticket}` through it. The ticket is the whole authority.
 */
export interface BlobDoor {
  /**
   * 201 stored, 200 the same bytes are there already; 403 for a ticket that is not valid (any more),
   * 409 other bytes are there, 411 and 415 for headers, 422 for bytes that are not those announced.
   * After 403, 411, 415 and a wrong `content-length` the body is not read.
   */
  accept(request: {
    readonly ticket: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Readable;
  }): Promise<DoorAnswer>;
  /** 200 with headers and body; 403 for a ticket that is not valid (any more), 404 when it is gone. */
  serve(ticket: string): Promise<DoorAnswer>;
}
