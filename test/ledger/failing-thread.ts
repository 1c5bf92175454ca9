/** Finds the blocks of three messages unsound, answers no more and then dies. */
import { setTimeout } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { LookAnswer, LookJob } from '#services/ledger/verify/look-thread.ts';

let seen = 0;
parentPort?.on('message', async ({ id, blocks }: LookJob) => {
  seen += 1;
  const looks = blocks.map(() => ({ sound: undefined }));
  if (seen <= 3) parentPort?.postMessage({ id, looks } satisfies LookAnswer);
  if (seen !== 4) return;
  await setTimeout(100);
  throw new Error('this thread fails');
});
parentPort?.postMessage('ready');
