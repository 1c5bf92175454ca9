import type { Watcher, Watching } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

/** Waits for work whose progress is heard; ends by its answer, by silence, or by the asker. */
export function watched(
  { silenceMs, hear, signal }: Watching,
  work: (watcher: Watcher) => Promise<Json>,
): Promise<Json> {
  const gone = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Json>();
  let isOver = false;
  /** As text: what the worker changes afterwards is not heard. */
  let unheard: string | undefined;

  const end = (how: () => void) => {
    isOver = true;
    clearTimeout(silence);
    signal.removeEventListener('abort', leave);
    how();
  };
  const giveUp = (reason: unknown) => {
    end(() => reject(reason));
    gone.abort(new Problem('timeout', { detail: 'Whoever asked has gone.' }));
  };
  const leave = () => giveUp(signal.reason);
  const tooLong = () =>
    giveUp(new Problem('timeout', { detail: `Nothing was heard for ${silenceMs} ms.` }));
  let silence = setTimeout(tooLong, silenceMs);
  signal.addEventListener('abort', leave, { once: true });

  const deliver = () => {
    const text = unheard;
    unheard = undefined;
    if (isOver || text === undefined) return;
    clearTimeout(silence);
    silence = setTimeout(tooLong, silenceMs);
    hear(JSON.parse(text));
  };
  const tell = (progress: Json) => {
    if (isOver) return;
    // Not in the worker's own turn: over a network it would not be either.
    if (unheard === undefined) setImmediate(deliver);
    unheard = JSON.stringify(progress);
  };

  work({ tell, gone: gone.signal }).then(
    (answer) => isOver || end(() => resolve(answer)),
    (error) => isOver || end(() => reject(error)),
  );
  return promise;
}
