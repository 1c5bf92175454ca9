import { setTimeout as sleep } from 'node:timers/promises';
import { sweepUploads, type UploadParts } from './uploads.ts';

const SWEEP_EVERY_MS = 60 * 60 * 1_000;
/** After a sweep that could not be done: the ledger was behind, or the store away. */
const SWEEP_AGAIN_MS = 60 * 1_000;

/** Sweeps at the start, and then every hour. Nobody waits for it but who closes it. */
export function openSweep(parts: UploadParts): AsyncDisposable {
  const stopping = new AbortController();
  const running = run(stopping.signal);

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await sweepUploads(parts, signal).then(
        () => SWEEP_EVERY_MS,
        (error: unknown) => {
          parts.log.warn({ err: error }, 'the sweep of uploads has to wait');
          return SWEEP_AGAIN_MS;
        },
      );
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
