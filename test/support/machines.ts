/**
 * Two machines beside this one, each in a network namespace of its own: links of the kernel, which
 * can be cut and slowed. Needs root, and a kernel that lets namespaces and links be made.
 *
 *   here 10.n.1.1 --- 10.n.1.2 first machine  10.n.3.1 ---+
 *   here 10.n.2.1 --- 10.n.2.2 second machine 10.n.3.2 ---+
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import type { NatsPlace } from './engines.ts';
import type { Link } from './faulty-link.ts';

export interface Machine extends NatsPlace {
  /** Its address on the link to the other machine. */
  readonly beside: string;
  /** Between here and the machine. */
  readonly link: Link;
}

export interface Machines extends AsyncDisposable {
  readonly first: Machine;
  readonly second: Machine;
  /** Between the two. */
  readonly between: Link;
}

/** Delay and loss where the kernel has them; else so narrow that what is sent waits for its turn. */
const SLOWNESS = [
  ['netem', 'delay', '100ms', '20ms', 'loss', '2%'],
  ['tbf', 'rate', '512kbit', 'burst', '4kb', 'latency', '2s'],
];
const NAME_CHARS = 6;

/** Why machines cannot be made here; `undefined` where they can. */
export function whyNoMachines(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const name = newName();
  try {
    ip('netns', 'add', name);
  } catch {
    return 'no network namespaces here';
  }
  try {
    ip('-n', name, 'link', 'add', 'type', 'veth');
    return undefined;
  } catch {
    return 'no links between namespaces here';
  } finally {
    ip('netns', 'del', name);
  }
}

export async function openMachines(): Promise<Machines> {
  await using opened = new AsyncDisposableStack();
  const name = newName();
  const net = `10.${randomInt(200, 255)}`;
  const namespaces = [`${name}a`, `${name}b`] as const;
  for (const namespace of namespaces) {
    ip('netns', 'add', namespace);
    // Its links go with it.
    opened.defer(() => ip('netns', 'del', namespace));
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  const [first, second] = namespaces.map((namespace, at): Machine => {
    const [here, there] = [`${namespace}0`, 'uplink'];
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', namespace);
    ip('addr', 'add', `${net}.${at + 1}.1/30`, 'dev', here);
    ip('link', 'set', here, 'up');
    join(namespace, there, `${net}.${at + 1}.2/30`);
    return {
      host: `${net}.${at + 1}.2`,
      within: ['ip', 'netns', 'exec', namespace],
      beside: `${net}.3.${at + 1}`,
      link: linkAt(namespace, there),
    };
  });
  if (first === undefined || second === undefined) throw new Error('there are two');
  const [a, b] = namespaces;
  ip('-n', a, 'link', 'add', 'beside', 'type', 'veth', 'peer', 'name', 'beside', 'netns', b);
  for (const [at, namespace] of namespaces.entries()) {
    join(namespace, 'beside', `${net}.3.${at + 1}/30`);
  }
  const stack = opened.move();
  return {
    first,
    second,
    between: linkAt(a, 'beside'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function join(namespace: string, device: string, address: string): void {
  ip('-n', namespace, 'addr', 'add', address, 'dev', device);
  ip('-n', namespace, 'link', 'set', device, 'up');
}

/** Of a link whose one end is down nothing comes out at the other, and nobody is told. */
function linkAt(namespace: string, device: string): Link {
  const tc = (...args: readonly string[]) => run('tc', ['-n', namespace, 'qdisc', ...args]);
  const root = ['dev', device, 'root'];
  let isSlow = false;
  return {
    cut: () => ip('-n', namespace, 'link', 'set', device, 'down'),
    slow() {
      const isDone = SLOWNESS.some((how) => succeeds(() => tc('replace', ...root, ...how)));
      if (!isDone) throw new Error('the kernel cannot slow a link');
      isSlow = true;
    },
    mend() {
      ip('-n', namespace, 'link', 'set', device, 'up');
      if (isSlow) tc('del', ...root);
      isSlow = false;
    },
  };
}

function ip(...args: readonly string[]): void {
  run('ip', args);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

function succeeds(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** Names of devices are at most 15 characters. */
function newName(): string {
  return `wd${randomInt(36 ** NAME_CHARS).toString(36)}`;
}
