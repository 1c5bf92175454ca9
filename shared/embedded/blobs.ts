import type { BlobStores, SignedUrl } from '#shared/ports/blobs.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { openDoor } from './blobs-door.ts';
import { assertBlobKey, openObjects } from './blobs-objects.ts';
import { assertGetTerms, assertPutTerms, openTickets, type Terms } from './blobs-ticket.ts';

const STORE = /^[a-z0-9-]+$/;

/** The blobs port on files (blobs-objects.ts), and the door behind its signed URLs. */
export async function openBlobs(settings: {
  readonly dir: string;
  /** Name of the store in the URLs, and of the key under which its tickets are valid. */
  readonly store: string;
  readonly vault: Vault;
  readonly publicOrigin: () => string;
  readonly clock: () => number;
}): Promise<BlobStores> {
  const { dir, store, vault, publicOrigin, clock } = settings;
  if (!STORE.test(store)) throw new Error(`${store} is no name of a store`);
  const objects = await openObjects({ dir, clock });
  const tickets = openTickets({ store, vault, clock });

  async function signedUrl(terms: Terms, headers: SignedUrl['headers']): Promise<SignedUrl> {
    const url = `${publicOrigin()}/blobs/${store}/${await tickets.issue(terms)}`;
    return { url, headers, expiresAt: new Date(terms.expiresAt).toISOString() };
  }
  const expiryOf = (lifetimeSeconds: number) => clock() + lifetimeSeconds * 1000;

  return {
    blobs: {
      put: objects.put,
      head: objects.head,
      get: async (key) => (await objects.get(key))?.stream,
      remove: objects.remove,
      // There are no versions.
      erase: objects.remove,
      async signPut(terms) {
        assertBlobKey(terms.key);
        assertPutTerms(terms);
        const { key, contentType, sizeBytes, sha256, lifetimeSeconds } = terms;
        const expiresAt = expiryOf(lifetimeSeconds);
        const pinned = { method: 'PUT', key, contentType, sizeBytes, sha256, expiresAt } as const;
        return signedUrl(pinned, { 'content-type': contentType });
      },
      async signGet(terms) {
        assertBlobKey(terms.key);
        assertGetTerms(terms);
        const { key, contentType, fileName, lifetimeSeconds } = terms;
        const expiresAt = expiryOf(lifetimeSeconds);
        return signedUrl({ method: 'GET', key, contentType, fileName, expiresAt }, {});
      },
    },
    door: openDoor({ objects, tickets }),
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
}
