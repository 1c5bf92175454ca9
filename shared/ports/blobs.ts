import type { Readable } from 'node:stream';

/** What a signed place to put bytes pins; the store refuses anything else. */
export interface PutTerms {
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly lifetimeSeconds: number;
}

export interface GetTerms {
  readonly key: string;
  readonly contentType: string;
  /** Name offered to the person who saves it; sent as a safe `Content-Disposition: attachment`. */
  readonly fileName: string;
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
 * Whole objects by key. Keys are `/`-separated segments of `[A-Za-z0-9._-]`, at most 512
 * characters, no segment `.` or `..`.
 */
export interface Blobs {
  /**
   * Puts the bytes if the key is free. Durable before it resolves, and never visible in part.
   * `exists` when there is an object already: it is left as it is.
   */
  put(key: string, bytes: Uint8Array | Readable): Promise<'stored' | 'exists'>;
  /** Length and SHA-256 of the stored bytes; `undefined` when there is no such object. */
  head(key: string): Promise<BlobHead | undefined>;
  /** `undefined` when there is no such object. */
  get(key: string): Promise<Readable | undefined>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
  /** URL to which the client PUTs the bytes itself, with the headers given. */
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
  accept(request: {
    readonly ticket: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Readable;
  }): Promise<DoorAnswer>;
  serve(ticket: string): Promise<DoorAnswer>;
}
