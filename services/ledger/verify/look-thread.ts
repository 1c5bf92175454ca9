/** A thread that looks into blocks, one after the other, and knows nothing but them. */
import { parentPort } from 'node:worker_threads';
import { lookInto, type SoundBlock } from '../chain/look.ts';

export interface LookJob {
  readonly id: number;
  readonly tenant: string;
  readonly header: unknown;
  readonly body: Uint8Array;
}

export interface LookAnswer {
  readonly id: number;
  readonly sound: SoundBlock | undefined;
}

parentPort?.on('message', ({ id, tenant, header, body }: LookJob) => {
  const sound = lookInto(tenant, { header, body });
  const { leaves, subtrees, keyIds } = sound ?? {};
  const all = [leaves, subtrees?.roots, subtrees?.tiled, keyIds];
  const memory = all.flatMap((bytes) => (bytes === undefined ? [] : [bytes.buffer]));
  parentPort?.postMessage({ id, sound } satisfies LookAnswer, memory);
});
parentPort?.postMessage('ready');
