/**
 * A witness of logs: it signs that a checkpoint goes on from the last one it has signed, and never two
 * that contradict each other.
 *
 * 1. The body is read (400), its origin is one that is watched (404), the log has signed it (403).
 * 2. The size that the log goes on from is the one that stands here (409, with that size).
 * 3. The proof leads from the root that stands here to the new one (422).
 * 4. Size and root are stored, only if what stands here is still what was looked at in 2. Of two
 *    requests at a time the slower one begins again at 2.
 * 5. The cosignature is made and answered.
 *
 * A crash before 4 leaves nothing; after it a head that was stored and not signed. The log asks again
 * with the size that it is told, and the proof from a head to itself is empty.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { PLATFORM_TENANT, sha256Hex } from '#contracts/primitives.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { signatureLine, verifierKeyOf } from '../chain/note.ts';
import { EMPTY_ROOT } from '../chain/tree.ts';
import { cosignedBytes, timedSignature } from '../portable/cosignature.ts';
import { hashFromHex } from '../portable/hash.ts';
import { COSIGNATURE_TYPE, isSignedBy, type VerifierKey } from '../portable/note.ts';
import { provesConsistency } from '../portable/proof.ts';
import { type AddCheckpoint, parseAddCheckpoint } from './request.ts';

/** Name in the vault of the witness's key. */
const WITNESS_KEY = 'witness';
const KIND = 'witnessed';
const ROUNDS_MAX = 16;

const row = z.strictObject({
  v: z.literal(1),
  origin: z.string(),
  size: z.number().int().nonnegative(),
  root: sha256Hex,
});

/** A log whose checkpoints are witnessed: its origin, and the keys that may sign them. */
export interface WatchedLog {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 503;
  readonly type: string;
  readonly body: string;
}

export interface Witness {
  addCheckpoint(body: string): Promise<WitnessAnswer>;
  /** `name+<key id>+base64(0x04 || public key)`. */
  readonly verifierKey: string;
}

export interface WitnessParts {
  readonly tables: Tables;
  readonly vault: Vault;
  readonly clock: () => number;
  readonly name: string;
  readonly logs: readonly WatchedLog[];
}

interface Standing {
  readonly size: number;
  readonly root: Uint8Array;
  readonly version: number;
}

export async function openWitness(parts: WitnessParts): Promise<Witness> {
  const { vault, name } = parts;
  const [key] = await vault.publicKeys(WITNESS_KEY);
  if (key === undefined) throw new Error('the vault has no key');
  const { id: keyId, key: publicKey } = key;
  const noteKey = { name, publicKey, type: COSIGNATURE_TYPE };

  async function cosign({ note }: AddCheckpoint): Promise<WitnessAnswer> {
    const seconds = Math.floor(parts.clock() / 1000);
    const bytes = cosignedBytes(seconds, note.text);
    const { signature } = await vault.sign(WITNESS_KEY, bytes, { keyId });
    return text(200, signatureLine(noteKey, timedSignature(seconds, signature)));
  }

  return {
    verifierKey: verifierKeyOf(noteKey),
    async addCheckpoint(body) {
      const request = parseAddCheckpoint(body);
      if (request === undefined) return text(400, 'This is no request of add-checkpoint.\n');
      const log = parts.logs.find(({ origin }) => origin === request.head.origin);
      if (log === undefined) return text(404, 'This witness does not watch that log.\n');
      const isSigned = await isSignedBy(request.note, log.keys);
      if (!isSigned) return text(403, 'No key of that log has signed this checkpoint.\n');
      if (request.old > request.head.size) return text(400, 'The old size is above the new one.\n');
      return (await refused(parts.tables, request)) ?? cosign(request);
    },
  };
}

/** Stores the head, or says why not. */
async function refused(tables: Tables, request: AddCheckpoint): Promise<WitnessAnswer | undefined> {
  const { head, old } = request;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const standing = await read(tables, head.origin);
    if (standing.size !== old) {
      return { status: 409, type: 'text/x.tlog.size', body: `${standing.size}\n` };
    }
    if (!goesOn(standing, request)) {
      return text(422, 'The proof does not lead from what was witnessed to this checkpoint.\n');
    }
    if (standing.version > 0 && standing.size === head.size) return undefined;
    if (await store(tables, request, standing.version)) return undefined;
  }
  return text(503, 'Too many checkpoints of that log come at the same time.\n');
}

function goesOn({ size, root }: Standing, { head, hashes }: AddCheckpoint): boolean {
  // From nothing every tree goes on, by an empty proof.
  if (size === 0 && head.size > 0) return hashes.length === 0;
  if (head.size === 0) return hashes.length === 0 && head.root.toHex() === EMPTY_ROOT;
  return provesConsistency({
    from: size,
    to: head.size,
    fromRoot: root,
    toRoot: head.root,
    hashes,
  });
}

async function read(tables: Tables, origin: string): Promise<Standing> {
  const found = await tables.forTenant(PLATFORM_TENANT).get({ kind: KIND, id: idOf(origin) });
  const { size, root } = found === undefined ? nothing : row.parse(found.value);
  const bytes = hashFromHex(root);
  if (bytes === undefined) throw new Error('a root that is kept is none');
  return { size, root: bytes, version: found?.version ?? 0 };
}

const nothing = { size: 0, root: EMPTY_ROOT };

async function store(tables: Tables, { head }: AddCheckpoint, version: number): Promise<boolean> {
  const { origin, size, root } = head;
  const value = { v: 1, origin, size, root: root.toHex() };
  const put = { kind: KIND, id: idOf(origin), value };
  const { ok } = await tables.forTenant(PLATFORM_TENANT).write({
    changes: [{ put, expect: version }],
    events: [],
    unaudited: 'a witness keeps heads of logs and nothing else',
  });
  return ok;
}

/** An origin holds characters that ids of rows do not. */
function idOf(origin: string): string {
  return hash('sha256', origin);
}

function text(status: WitnessAnswer['status'], body: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}
