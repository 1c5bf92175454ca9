/**
 * Signs the heads of one log.
 *
 * 1. The last signed head: the newest of what the tables and the second place hold.
 * 2. The head as it is after that: size and root of the last committed block, of any process.
 * 3. The head must go on from it, shown by a consistency proof out of the hash tiles. If it does
 *    not, nothing is signed: the log was cut or rewritten.
 * 4. Ed25519 by the vault. The same head always gives the same note.
 * 5. Into the second place first, then beside the blocks: what the tables have, both have.
 *
 * A crash after 4 leaves nothing; within 5 a note of a head that is committed, which the next
 * signing finds.
 */
import type { TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { type Checkpoint, checkpointText, originOf, readSignedHead } from './chain/checkpoint.ts';
import { signedNote, verifierKeyOf } from './chain/note.ts';
import { consistencyPath, type NodeReader, rangeHash, rootOf } from './chain/tree.ts';
import { provesConsistency } from './portable/proof.ts';
import type { SecondPlace } from './second-place.ts';
import { checkpointChange, newestCheckpoint, UNAUDITED } from './store.ts';
import type { View } from './view.ts';

/** Name in the vault of the key that signs checkpoints. */
export const CHECKPOINT_KEY = 'ledger/checkpoint';

export interface Signer {
  /** The newest signed checkpoint; signs the head first if that has fewer than `size` entries. */
  covering(size: number): Promise<Checkpoint | undefined>;
}

export interface SignerParts {
  readonly tables: TenantTables;
  readonly view: View;
  readonly nodes: NodeReader;
  /** Takes in the blocks of other processes. */
  readonly follow: () => Promise<void>;
  readonly vault: Vault;
  readonly opaqueId: string;
  readonly secondPlace: SecondPlace;
  /** Host of the public origin; it may be known only after the service has opened. */
  readonly host: () => string;
  /** The head does not go on from what was signed. */
  readonly forked: (about: { readonly signedSize: number; readonly size: number }) => void;
}

interface Tree {
  readonly size: number;
  readonly root: string;
}

export function openSigner(parts: SignerParts): Signer {
  let last: Checkpoint | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function cover(size: number): Promise<Checkpoint | undefined> {
    last ??= await newestCheckpoint(parts.tables);
    if ((last?.size ?? 0) >= size) return last;
    last = await sign(parts, last);
    return last;
  }

  return {
    covering(size) {
      const mine = turn.then(() => cover(size));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function sign(
  parts: SignerParts,
  last: Checkpoint | undefined,
): Promise<Checkpoint | undefined> {
  const [newest] = await parts.secondPlace.newest(1);
  await parts.follow();
  const { edge } = parts.view.head;
  const head = { size: edge.size, root: rootOf(edge) };
  if (head.size === 0 && newest === undefined) return undefined;
  const elsewhere = newest === undefined ? undefined : readSignedHead(newest, parts.opaqueId);
  if (newest !== undefined && elsewhere === undefined) throw forkedLog(parts, head, head);
  for (const signed of [last, elsewhere]) {
    if (signed !== undefined) await assertGoesOn(parts, signed, head);
  }
  const made = await makeCheckpoint(parts, head);
  const standing = await parts.secondPlace.publish(head.size, made.note);
  const published = standing === made.note ? made : await adopt(parts, standing, made);
  await parts.tables.write({
    changes: [checkpointChange(published)],
    events: [],
    unaudited: UNAUDITED,
  });
  // A lost race there is another process that signed the same head.
  return published;
}

/** The head, or one that was signed before, under another host or key. */
async function adopt(parts: SignerParts, note: string, made: Checkpoint): Promise<Checkpoint> {
  const head = readSignedHead(note, parts.opaqueId);
  if (head?.size !== made.size || head.root !== made.root) throw forkedLog(parts, made, made);
  return made;
}

async function makeCheckpoint(parts: SignerParts, { size, root }: Tree): Promise<Checkpoint> {
  const { vault, host, opaqueId } = parts;
  const origin = originOf(host(), opaqueId);
  const text = checkpointText({ origin, size, root });
  const { keyId, signature } = await vault.sign(CHECKPOINT_KEY, Buffer.from(text));
  const keys = await vault.publicKeys(CHECKPOINT_KEY);
  const publicKey = keys.find(({ id }) => id === keyId)?.key;
  if (publicKey === undefined) throw new Error('the key that signed is not among the public ones');
  const key = { name: origin, publicKey };
  const note = signedNote(text, key, signature);
  return { v: 1, origin, size, root, note, verifierKey: verifierKeyOf(key) };
}

async function assertGoesOn(parts: SignerParts, from: Tree, to: Tree): Promise<void> {
  if (from.size === 0) return;
  if (from.size > to.size) throw forkedLog(parts, from, to);
  const hashes = await Promise.all(
    consistencyPath(from.size, to.size).map((range) => rangeHash(parts.nodes, range)),
  );
  const proof = {
    from: from.size,
    to: to.size,
    fromRoot: Buffer.from(from.root, 'hex'),
    toRoot: Buffer.from(to.root, 'hex'),
    hashes,
  };
  if (!provesConsistency(proof)) throw forkedLog(parts, from, to);
}

function forkedLog({ forked }: SignerParts, signed: Tree, head: Tree): Problem {
  forked({ signedSize: signed.size, size: head.size });
  return new Problem('unavailable', {
    detail: 'The log does not go on from its last signed checkpoint. Verify the ledger.',
  });
}
