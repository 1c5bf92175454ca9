/**
 * Signs the heads of one log.
 *
 * 1. The last signed head: the newest of what the tables and the second place hold.
 * 2. The head as it is after that: size and root of the last committed block, of any process.
 * 3. The head must go on from it, shown by a consistency proof out of the hash tiles. If it does
 *    not, nothing is signed: the log was cut or rewritten.
 * 4. Ed25519 by the vault, by each key that signs now. The same head gives the same note until the
 *    next rotation; what is signed later is put behind it (later-lines.ts).
 * 5. Into the second place first, then beside the blocks: what the tables have, both have.
 *
 * A crash after 4 leaves nothing; within 5 a note of a head that is committed, which the next
 * signing finds.
 */
import type { TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { type Checkpoint, checkpointText, originOf, readSignedHead } from '../chain/checkpoint.ts';
import { noteWith } from '../chain/note.ts';
import { consistencyPath, type NodeReader, rangeHashes, rootOf } from '../chain/tree.ts';
import { checkpointChange, newestCheckpoint, UNAUDITED } from '../log/store.ts';
import type { View } from '../log/view.ts';
import { parseNote } from '../portable/note.ts';
import { provesConsistency } from '../portable/proof.ts';
import { addLaterLines, withLaterLines } from './later-lines.ts';
import { linesBeside, signatureLines, verifierKeysOf } from './note-keys.ts';
import type { SecondPlace } from './second-place.ts';

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
    if ((last?.size ?? 0) < size) last = await sign(parts, last);
    return last && signedByAll(parts, last);
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
  const note = noteWith(text, await signatureLines(vault, origin, text));
  const [verifierKey] = await verifierKeysOf(vault, origin);
  return { v: 1, origin, size, root, note, verifierKey };
}

/** With the lines that came later; a key that was rotated in since then signs it too. */
async function signedByAll(parts: SignerParts, checkpoint: Checkpoint): Promise<Checkpoint> {
  const { tables, vault } = parts;
  const given = await withLaterLines(tables, checkpoint);
  const parsed = parseNote(given.note);
  if (parsed === undefined) throw new Error('a checkpoint that is kept is no signed note');
  const lines = await linesBeside(vault, given.origin, parsed.text, parsed.signatures);
  if (lines.length === 0) return given;
  await addLaterLines(tables, checkpoint, lines);
  return { ...given, note: given.note + lines.join('') };
}

async function assertGoesOn(parts: SignerParts, from: Tree, to: Tree): Promise<void> {
  if (from.size === 0) return;
  if (from.size > to.size) throw forkedLog(parts, from, to);
  const hashes = await rangeHashes(parts.nodes, consistencyPath(from.size, to.size));
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
