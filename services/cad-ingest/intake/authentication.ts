/**
 * SPF, DKIM and DMARC of one mail.
 *
 * 1. A bounded thread runs `mailauth` over the mail with the DNS answers known so far (at first
 *    none) and says which ones it lacked. It never waits, so that a slow name server of one sender
 *    does not hold up the mail of another, and a mail made to be expensive can be stopped.
 * 2. This side asks DNS for what was lacking, all at once, and gives the thread another round.
 * 3. The round that lacks nothing is the result. Answers that do not come in time count as failures
 *    of DNS, which trust nobody.
 */
import { Resolver } from 'node:dns/promises';
import { type BoundedThread, openBoundedThread } from './bounded-thread.ts';
import type { Authentication } from './trust.ts';

/** Work of the thread on one mail, all rounds together. */
const WORK_MS_MAX = 2_000;
const HEAP_MB = 128;
/** An SPF record may include ten others, each known only after the one before (RFC 7208, 4.6.4). */
const ROUNDS_MAX = 14;
const LOOKUPS_MAX = 64;
/** All lookups for one mail together; the sender waits for its 250 meanwhile. */
const LOOKUPS_MS_MAX = 8_000;
const LOOKUP_MS = 2_000;
const LOOKUP_TRIES = 2;

/** As `resolve` of `node:dns/promises`: rejects with an error that has a `code`. */
export type DnsResolver = (domain: string, type: string) => Promise<unknown>;

export interface AuthenticationRequest {
  readonly raw: Uint8Array;
  readonly ip: string;
  readonly helo: string;
  readonly sender: string;
}

export interface DnsQuestion {
  readonly key: string;
  readonly domain: string;
  readonly type: string;
}
type DnsAnswer =
  | { readonly kind: 'records'; readonly records: unknown }
  | { readonly kind: 'failure'; readonly code: string };

export interface AuthenticationJob extends AuthenticationRequest {
  /** Name of this host in what `mailauth` writes. */
  readonly mta: string;
  readonly answers: ReadonlyMap<string, DnsAnswer>;
}
export interface AuthenticationAnswer {
  readonly authentication: Authentication;
  readonly missing: readonly DnsQuestion[];
}

export interface Authenticator extends AsyncDisposable {
  authenticate(request: AuthenticationRequest): Promise<Authentication>;
}

export function openAuthenticator(settings: {
  readonly mta: string;
  /** Absent: the name servers of this machine. */
  readonly resolver?: DnsResolver | undefined;
}): Authenticator {
  const { mta, resolver = systemResolver() } = settings;
  const thread: BoundedThread<AuthenticationJob, AuthenticationAnswer> = openBoundedThread({
    file: new URL('./authentication-thread.ts', import.meta.url),
    heapMb: HEAP_MB,
  });
  return {
    async authenticate(request) {
      const late = AbortSignal.timeout(LOOKUPS_MS_MAX);
      const answers = new Map<string, DnsAnswer>();
      let workMs = WORK_MS_MAX;
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const result = await thread.run({ ...request, mta, answers }, workMs);
        if (result.kind === 'overrun') return { kind: 'overrun' };
        const { authentication, missing } = result.answer;
        if (missing.length === 0) return authentication;
        workMs -= result.elapsedMs;
        if (workMs <= 0 || answers.size + missing.length > LOOKUPS_MAX) break;
        const found = missing.map(async ({ key, domain, type }) => {
          answers.set(key, await lookUp({ resolver, domain, type, late }));
        });
        await Promise.all(found);
      }
      return { kind: 'overrun' };
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

async function lookUp(request: {
  readonly resolver: DnsResolver;
  readonly domain: string;
  readonly type: string;
  readonly late: AbortSignal;
}): Promise<DnsAnswer> {
  const { resolver, domain, type, late } = request;
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<DnsAnswer>();
  const stop = () => giveUp({ kind: 'failure', code: 'ETIMEOUT' });
  if (late.aborted) stop();
  late.addEventListener('abort', stop, { once: true });
  const asked = resolver(domain, type).then(
    (records): DnsAnswer => ({ kind: 'records', records }),
    (error: unknown): DnsAnswer => ({ kind: 'failure', code: codeOf(error) }),
  );
  const answer = await Promise.race([asked, tooLate]);
  late.removeEventListener('abort', stop);
  return answer;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'ESERVFAIL';
}

function systemResolver(): DnsResolver {
  const resolver = new Resolver({ timeout: LOOKUP_MS, tries: LOOKUP_TRIES });
  return (domain, type) => resolver.resolve(domain, type);
}
