import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '#shared/problem.ts';

/**
 * Argon2id (RFC 9106) with the figures of the OWASP Password Storage Cheat Sheet: 19 MiB, two
 * passes, one lane. Hashes are kept in the PHC string form, figures included, so that these can be
 * raised without making old hashes unreadable.
 */
const RECOMMENDED: HashCost = { memoryKib: 19_456, passes: 2 };
const LANES = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** Each takes a thread of libuv's four; the others stay free for files. */
const HASHES_AT_ONCE_MAX = 2;
/** About a second of work; more than that would be answered after its caller has gone. */
const HASHES_WAITING_MAX = 64;
const BUSY_RETRY_SECONDS = 2;

/** What one hash costs who makes it, and who guesses. */
export interface HashCost {
  /** In KiB, at least 8. */
  readonly memoryKib: number;
  readonly passes: number;
}

export interface Passwords {
  /** A new hash in PHC form. Problem `unavailable` when too many wait. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one hashed. Without a hash the answer is `false` after the same
   * work, so that the time taken does not say whether there is an account.
   */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

export function openPasswords({ memoryKib, passes } = RECOMMENDED): Passwords {
  const ours: Figures = { memory: memoryKib, passes, parallelism: LANES };
  /** No password is known that has an all-zero tag. */
  const hashOfNothing = phcOf(ours, Buffer.alloc(SALT_BYTES), Buffer.alloc(TAG_BYTES));
  const limited = openLimiter();
  return {
    hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return limited(async () => phcOf(ours, salt, await derive({ password, salt, ...ours })));
    },
    verify(password, hash = hashOfNothing) {
      const { tag, ...parameters } = parsePhc(hash);
      return limited(async () => timingSafeEqual(await derive({ password, ...parameters }), tag));
    },
  };
}

interface Figures {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

interface Derivation extends Figures {
  readonly password: string;
  readonly salt: Uint8Array;
}

function derive({ password, salt, ...figures }: Derivation): Promise<Buffer> {
  // NIST SP 800-63B section 5.1.1.2: the same characters typed on another keyboard may come in
  // another normal form.
  const message = password.normalize('NFKC');
  const parameters = { message, nonce: salt, tagLength: TAG_BYTES, ...figures };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}

function phcOf({ memory, passes, parallelism }: Figures, salt: Uint8Array, tag: Uint8Array) {
  const figures = `m=${memory},t=${passes},p=${parallelism}`;
  return `$argon2id$v=19$${figures}$${unpadded(salt)}$${unpadded(tag)}`;
}

function parsePhc(text: string) {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(text);
  if (found === null) throw new Error('a stored password hash is not in PHC form');
  const [, memory, passes, parallelism, salt = '', tag = ''] = found;
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

/** Runs a few at a time; refuses when too many wait already. */
function openLimiter() {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function limited<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= HASHES_AT_ONCE_MAX) {
      if (waiting.length >= HASHES_WAITING_MAX) throw busy();
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes to the next who waits, so that `running` stays as it is.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function busy(): Problem {
  return new Problem('unavailable', {
    detail: 'Too many sign-ins at the same moment. Try again soon.',
    retryAfterSeconds: BUSY_RETRY_SECONDS,
  });
}
