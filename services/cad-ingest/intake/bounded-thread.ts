/**
 * A thread for work on hostile bytes, bounded in time and memory.
 *
 * 1. Jobs wait in line; one is worked on at a time, so that an overrun has exactly one culprit.
 * 2. The clock of a job starts when the thread has it. When the time is over, or the thread dies of
 *    its memory limit or of an error, the job's answer is `overrun` and the thread is ended.
 * 3. The next job gets a new thread. Nothing of one job can reach another one's.
 */
import { parentPort, Worker } from 'node:worker_threads';

/** Loading the libraries, on a machine that is busy. */
const START_MS_MAX = 30_000;

export type Bounded<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly elapsedMs: number }
  | { readonly kind: 'overrun' };

export interface BoundedThread<Job, Answer> extends AsyncDisposable {
  /** Rejects only when the thread cannot be started at all, or after it was disposed. */
  run(job: Job, timeoutMs: number): Promise<Bounded<Answer>>;
}

interface Running {
  readonly worker: Worker;
  readonly ready: Promise<void>;
}

export function openBoundedThread<Job, Answer>(settings: {
  readonly file: URL;
  readonly heapMb: number;
}): BoundedThread<Job, Answer> {
  let running: Running | undefined;
  let line: Promise<unknown> = Promise.resolve();
  let closed = false;

  const current = (): Running => {
    if (running !== undefined) return running;
    const started = start(settings);
    running = started;
    // Also where it dies between two jobs: the next one must not be given to a dead thread.
    started.worker.once('exit', () => {
      if (running === started) running = undefined;
    });
    return started;
  };
  const runNext = async (job: Job, timeoutMs: number): Promise<Bounded<Answer>> => {
    if (closed) throw new Error('the thread is closed');
    const { worker, ready } = current();
    await ready;
    const result = await ask<Job, Answer>(worker, job, timeoutMs);
    if (result.kind === 'overrun') await worker.terminate();
    return result;
  };
  // The first job need not wait for the libraries to load.
  current();

  return {
    run(job, timeoutMs) {
      const result = line.then(() => runNext(job, timeoutMs));
      line = result.catch(() => undefined);
      return result;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await line;
      await running?.worker.terminate();
    },
  };
}

/** The other side: answers each job, one after the other, in the thread itself. */
export function serveJobs<Job, Answer>(answer: (job: Job) => Promise<Answer> | Answer): void {
  parentPort?.on('message', (job: Job) => {
    // A rejection ends the thread, which the asking side sees as an overrun.
    void (async () => parentPort?.postMessage(await answer(job)))();
  });
  parentPort?.postMessage('ready');
}

function start({ file, heapMb }: { readonly file: URL; readonly heapMb: number }): Running {
  const worker = new Worker(file, {
    // Some libraries print; that must not break the lines of the log.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 32 },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // Its end is what counts; unheard, the error would end the whole process.
  worker.on('error', () => undefined);
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => void worker.terminate(), START_MS_MAX);
    worker.once('message', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread ended before it was ready'));
    });
  });
  // Whoever waits hears of it; nobody may be waiting yet.
  ready.catch(() => undefined);
  return { worker, ready };
}

function ask<Job, Answer>(worker: Worker, job: Job, timeoutMs: number): Promise<Bounded<Answer>> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const finish = (result: Bounded<Answer>) => {
      clearTimeout(timer);
      worker.off('message', hear).off('exit', fail);
      resolve(result);
    };
    const hear = (answer: Answer) =>
      finish({ kind: 'answer', answer, elapsedMs: performance.now() - startedAt });
    const fail = () => finish({ kind: 'overrun' });
    const timer = setTimeout(fail, timeoutMs);
    worker.on('message', hear).on('exit', fail);
    worker.postMessage(job);
  });
}
