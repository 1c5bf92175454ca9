/**
 * The key that signs checkpoints is replaced.
 *
 * 1. A row under the id of the current key says that it is to be replaced, in one write with the event.
 *    There is one such row for a key: of two who ask at the same time one gets `conflict`.
 * 2. The vault makes the new key.
 *
 * A crash between the two leaves a row of a key that is still current. Whoever asks again after
 * UNDER_WAY_MS goes on at 2; the event is there already.
 */
import { z } from 'zod';
import { rotateLedgerKey } from '#contracts/ledger-keys.ts';
import { timestamp } from '#contracts/primitives.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle } from '#shared/service.ts';
import type { LedgerParts } from '../log/logs.ts';
import { CHECKPOINT_KEY } from './note-keys.ts';

const KIND = 'key-rotation';
const row = z.strictObject({ v: z.literal(1), at: timestamp });
/** Longer than a request lives: whoever wrote the row is gone by then. */
const UNDER_WAY_MS = 60_000;

export function keyHandlings({ vault }: LedgerParts): Handling[] {
  return [
    handle(rotateLedgerKey, async (call) => {
      const replaced = await currentKeyId(vault);
      await announce(call, replaced);
      await vault.rotate(CHECKPOINT_KEY);
      return { body: { replaced } };
    }),
  ];
}

async function announce(
  { tables, now, commit, event }: Call<typeof rotateLedgerKey>,
  replaced: string,
): Promise<void> {
  const found = await tables.get({ kind: KIND, id: replaced });
  if (found !== undefined) {
    const { at } = row.parse(found.value);
    if (now.getTime() - Date.parse(at) < UNDER_WAY_MS) throw underWay();
    return;
  }
  const value = { v: 1, at: now.toISOString() };
  const result = await commit({
    changes: [{ put: { kind: KIND, id: replaced, value }, expect: 0 }],
    events: [event({ object: { type: 'ledger-key', id: replaced } })],
    reply: { body: { replaced } },
  });
  if (!result.ok) throw underWay();
}

async function currentKeyId(vault: Vault): Promise<string> {
  const current = (await vault.publicKeys(CHECKPOINT_KEY)).find((key) => key.current);
  if (current === undefined) throw new Error('the vault has no current key');
  return current.id;
}

function underWay(): Problem {
  return new Problem('conflict', {
    detail: 'The key is being replaced by somebody else just now. Look at the keys in a minute.',
  });
}
