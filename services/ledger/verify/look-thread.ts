/** A thread that looks into blocks, one after the other, and knows nothing but them. */
import { parentPort } from 'node:worker_threads';
import { type Look, lookInto, type StoredBlock } from '../chain/look.ts';

export interface LookJob {
  readonly id: number;
  readonly tenant: string;
  /** `undefined` where none could be read. */
  readonly blocks: readonly (StoredBlock | undefined)[];
}

export interface LookAnswer {
  readonly id: number;
  /** In the order of the blocks. */
  readonly looks: readonly (Look | undefined)[];
}

parentPort?.on('message', ({ id, tenant, blocks }: LookJob) => {
  const looks = blocks.map((block) => block && { sound: lookInto(tenant, block) });
  parentPort?.postMessage({ id, looks } satisfies LookAnswer, looks.flatMap(memoryOf));
});
parentPort?.postMessage('ready');

/** What need not be copied on its way. */
function memoryOf(look: Look | undefined): ArrayBuffer[] {
  if (look?.sound === undefined) return [];
  const { leaves, subtrees, keyIds } = look.sound;
  const memory = [leaves.buffer, subtrees.roots.buffer, subtrees.tiled.buffer];
  return keyIds === undefined ? memory : [...memory, keyIds.buffer];
}
