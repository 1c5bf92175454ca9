/** The ports of a simulated process: each call waits in `calls` for its fate. */
import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { Readable } from 'node:stream';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Row, Tables } from '#shared/ports/tables.ts';
import type { SealContext, Vault } from '#shared/ports/vault.ts';
import { type Calls, type Process, withFlippedBit } from './calls.ts';
import type { Random } from './random.ts';

/** Real tables behind calls that can fail. */
export function tablesOf(process: Process, calls: Calls, tables: Tables): Tables {
  const none = () => Promise.reject(new Error('the ledger has no use for it'));
  return {
    forTenant(tenant) {
      const real = tables.forTenant(tenant);
      return {
        get: (key) =>
          calls.make({ process, isWrite: false, run: () => real.get(key), flip: flipRow }),
        list: (request) => calls.make({ process, isWrite: false, run: () => real.list(request) }),
        write: (write) => calls.make({ process, isWrite: true, run: () => real.write(write) }),
      };
    },
    find: none,
    outbox: none,
    outboxDone: none,
    outboxDepth: none,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** What a row's bytes are is proved by something else; that holds for no other part of it. */
function flipRow(row: Row | undefined, random: Random): Row | undefined {
  if (row?.bytes === undefined || row.bytes.length === 0) return row;
  return { ...row, bytes: withFlippedBit(row.bytes, random) };
}

/** A write-once store in memory, which judges: what stands in it is not replaced by other bytes. */
export function openBlobStore(): Map<string, Buffer> {
  return new (class extends Map<string, Buffer> {
    override set(key: string, bytes: Buffer): this {
      if (this.get(key)?.equals(bytes) === false)
        throw new Error(`${key} was written once already`);
      return super.set(key, bytes);
    }
  })();
}

export function blobsOf(process: Process, calls: Calls, store: Map<string, Buffer>): Blobs {
  const real = plainBlobs(store);
  return {
    ...real,
    put: (key, bytes) => calls.make({ process, isWrite: true, run: () => real.put(key, bytes) }),
    head: (key) => calls.make({ process, isWrite: false, run: () => real.head(key) }),
    get: (key) => calls.make({ process, isWrite: false, run: () => real.get(key) }),
  };
}

export function plainBlobs(store: Map<string, Buffer>): Blobs {
  const none = () => Promise.reject(new Error('the ledger has no use for it'));
  return {
    async put(key, bytes) {
      if (!(bytes instanceof Uint8Array)) throw new Error('checkpoints are bytes');
      if (store.has(key)) return 'exists';
      store.set(key, Buffer.from(bytes));
      return 'stored';
    },
    async head(key) {
      const found = store.get(key);
      return found && { sizeBytes: found.length, sha256: '' };
    },
    async get(key) {
      const found = store.get(key);
      return found && Readable.from([found]);
    },
    remove: none,
    erase: none,
    signPut: none,
    signGet: none,
  };
}

/** The signer and sealer of a process: it can be away like any other part of the world. */
export function vaultOf(process: Process, calls: Calls, vault: Vault): Vault {
  const ask = <Answer>(run: () => Promise<Answer>) => calls.make({ process, isWrite: false, run });
  return {
    ...vault,
    sign: (name, bytes, options) => ask(() => vault.sign(name, bytes, options)),
    publicKeys: (name) => ask(() => vault.publicKeys(name)),
    seal: (context, bytes) => ask(() => vault.seal(context, bytes)),
    open: (context, sealed) => ask(() => vault.open(context, sealed)),
  };
}

/** Keys in memory, and no pause: what a vault does between two calls is its own. */
export function openSimulatedVault(): Vault {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const sealKey = randomBytes(32);
  const none = () => Promise.reject(new Error('the ledger has no use for it'));
  const aad = (context: SealContext) => Buffer.from(JSON.stringify(Object.entries(context).sort()));
  return {
    sign: async (_, bytes) => ({ keyId: 'one', signature: sign(null, bytes, privateKey) }),
    publicKeys: async () => [{ id: 'one', key: raw, current: true }],
    async seal(context, bytes) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(aad(context));
      const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]);
    },
    async open(context, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, 12));
      decipher.setAAD(aad(context)).setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
    rotate: none,
    mac: none,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
