/**
 * Where every call of the simulated processes to the world waits until the simulator lets it go on.
 *
 * A call is either carried out and answered, or meets a fault: not carried out, carried out without
 * an answer, carried out some time after its error, refused because there are too many, or answered
 * with a bit that is not the one stored. A process that has crashed never hears anything again; what
 * it had sent may still arrive.
 */
import { Problem } from '#shared/problem.ts';
import { StoreFault } from '../faulty.ts';
import type { Random } from './random.ts';

export interface Process {
  readonly name: string;
  alive: boolean;
}

interface Waiting {
  readonly process: Process;
  readonly isWrite: boolean;
  readonly run: () => Promise<unknown>;
  readonly flip: ((answer: unknown, random: Random) => unknown) | undefined;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface Call<Answer> {
  readonly process: Process;
  /** It changes something: it can be lost, or arrive after its answer was given up. */
  readonly isWrite: boolean;
  readonly run: () => Promise<Answer>;
  /** Makes another answer out of the right one; absent where no bytes come back. */
  readonly flip?: (answer: Answer, random: Random) => Answer;
}

export interface Calls {
  make<Answer>(call: Call<Answer>): Promise<Answer>;
  /** Lets one go on; false when none waits. */
  step(): Promise<boolean>;
  /** The process is gone: none of its calls is answered, some of its writes still arrive. */
  crash(process: Process): void;
  /** From now on every call is carried out and answered. */
  heal(): void;
}

/** Shares of calls that meet a fault. */
export interface FaultRates {
  readonly write: number;
  readonly read: number;
}

export function openCalls(random: Random, rates: FaultRates): Calls {
  let waiting: Waiting[] = [];
  /** Writes whose caller was told that they failed, or is gone. */
  let late: (() => Promise<unknown>)[] = [];
  let healed = false;

  async function answer({ run, resolve, reject, flip }: Waiting, flipped: boolean): Promise<void> {
    try {
      const right = await run();
      resolve(flipped && flip !== undefined ? flip(right, random) : right);
    } catch (error) {
      reject(error);
    }
  }

  async function fail(call: Waiting): Promise<void> {
    if (random.chance(0.25)) {
      call.reject(new Problem('unavailable', { detail: 'too many calls' }));
    } else if (!call.isWrite) {
      if (call.flip !== undefined && random.chance(0.5)) await answer(call, true);
      else call.reject(new StoreFault('not read'));
    } else {
      const fate = random.below(3);
      if (fate === 1) await call.run().catch(() => undefined);
      if (fate === 2) late.push(call.run);
      call.reject(new StoreFault('the outcome is not known'));
    }
  }

  return {
    make: <Answer>({ process, isWrite, run, flip }: Call<Answer>) =>
      new Promise<Answer>((resolve, reject) => {
        if (!process.alive) return;
        waiting.push({
          process,
          isWrite,
          run,
          // Answers go back to the call that they are of.
          flip: flip as Waiting['flip'],
          resolve: resolve as Waiting['resolve'],
          reject,
        });
      }),
    async step() {
      const total = waiting.length + late.length;
      if (total === 0) return false;
      const index = random.below(total);
      const [call] = waiting.splice(index, index < waiting.length ? 1 : 0);
      if (call === undefined) {
        const [run] = late.splice(index - waiting.length, 1);
        await run?.().catch(() => undefined);
        return true;
      }
      const rate = call.isWrite ? rates.write : rates.read;
      if (!healed && random.chance(rate)) await fail(call);
      else await answer(call, false);
      return true;
    },
    crash(process) {
      process.alive = false;
      const mine = waiting.filter((call) => call.process === process);
      waiting = waiting.filter((call) => call.process !== process);
      late = [
        ...late,
        ...mine.filter(({ isWrite }) => isWrite && random.chance(0.5)).map(({ run }) => run),
      ];
    },
    heal() {
      healed = true;
    },
  };
}

/** The same bytes with one bit changed. */
export function withFlippedBit(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}
