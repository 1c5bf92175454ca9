/** Finds three blocks unsound, answers no more and then dies. */
import { setTimeout } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';

let seen = 0;
parentPort?.on('message', async ({ id }: { readonly id: number }) => {
  seen += 1;
  if (seen <= 3) parentPort?.postMessage({ id, sound: undefined });
  if (seen !== 4) return;
  await setTimeout(100);
  throw new Error('this thread fails');
});
parentPort?.postMessage('ready');
