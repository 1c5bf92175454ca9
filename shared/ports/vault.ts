/** A public Ed25519 key, raw 32 bytes, and the id it is found by. */
export interface PublicKey {
  readonly id: string;
  readonly key: Uint8Array;
  /** The one that signs now; the others are still valid for what they signed. */
  readonly current: boolean;
}

/** What sealed bytes are bound to: opening with other words fails. */
export type SealContext = Readonly<Record<string, string>>;

/**
 * Keys that never leave. Names are words of `[a-z0-9-]`, dot- or slash-separated, at most 128
 * characters. A key is made at its first use; two processes that make the same one at the same time
 * end with one.
 */
export interface Vault extends AsyncDisposable {
  /**
   * Ed25519 signature, 64 bytes, by the current key of that name, or by the one with that id: an
   * older key goes on signing where both must. Rejects when there is no such key.
   */
  sign(
    name: string,
    bytes: Uint8Array,
    options?: { readonly keyId?: string },
  ): Promise<{ readonly keyId: string; readonly signature: Uint8Array }>;
  /** Newest first; the current one is always among them. */
  publicKeys(name: string): Promise<readonly PublicKey[]>;
  /**
   * Makes a new current key; the old one stays among the public keys. Other processes see it, and
   * sign with it, within a few seconds.
   */
  rotate(name: string): Promise<PublicKey>;
  /** Authenticated encryption under the vault's own key, bound to the context. */
  seal(context: SealContext, bytes: Uint8Array): Promise<Uint8Array>;
  /** Rejects when the bytes or the context are not the ones sealed. */
  open(context: SealContext, sealed: Uint8Array): Promise<Uint8Array>;
  /** HMAC-SHA-256 under a key of that name, 32 bytes: for tickets and keyed hashes. */
  mac(name: string, bytes: Uint8Array): Promise<Uint8Array>;
}
