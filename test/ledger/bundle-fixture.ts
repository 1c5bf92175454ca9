import { generateKeyPairSync, sign } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Bundle } from '#contracts/ledger-evidence.ts';
import { checkpointText } from '#services/ledger/chain/checkpoint.ts';
import { contentOf, contentText } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { type NoteKey, signedNote, verifierKeyOf } from '#services/ledger/chain/note.ts';
import { EMPTY_EDGE, growEdge, inclusionPath, rootOf } from '#services/ledger/chain/tree.ts';

export interface Signer {
  readonly verifierKey: string;
  note(head: { readonly size: number; readonly root: string }): string;
}

const ORIGIN = 'ledger.example/log/0123';

export function newSigner(origin = ORIGIN): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const key: NoteKey = { name: origin, publicKey: raw };
  return {
    verifierKey: verifierKeyOf(key),
    note({ size, root }) {
      const text = checkpointText({ origin, size, root });
      return signedNote(text, key, sign(null, Buffer.from(text), privateKey));
    },
  };
}

/** A log of these events, and a bundle of some of its entries, without any store or service. */
export function bundleOver(about: {
  readonly signer: Signer;
  readonly events: readonly AuditEvent[];
  readonly seqs: readonly number[];
  /** Which disclosures of an entry the bundle holds; all by default. */
  readonly shown?: (disclosure: string) => boolean;
}): Bundle {
  const { signer, events, seqs, shown = () => true } = about;
  const { entries, leaves, head } = makeBlock({
    head: EMPTY_HEAD,
    contents: events.map((event) => contentText(contentOf(event))),
    sealed: events.map(() => new Uint8Array()),
    recordedAt: '2031-01-02T10:05:07.000Z',
    writer: 'test',
  });
  const size = entries.length;
  const rangeRoot = ({ begin, end }: { begin: number; end: number }) =>
    rootOf(growEdge(EMPTY_EDGE, leaves.slice(begin, end)));
  return {
    format: 'watchdesk-bundle/1',
    checkpoint: signer.note({ size, root: rootOf(head.edge) }),
    verifierKeyHint: signer.verifierKey,
    entries: seqs.map((seq) => ({
      seq,
      bytes: entries[seq]?.toString('base64') ?? '',
      proof: inclusionPath(seq, size).map(rangeRoot),
      disclosures: (events[seq]?.disclosures ?? []).filter(shown),
    })),
  };
}
