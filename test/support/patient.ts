/** A client as departments have them: it asks again when nobody answered, and another gateway then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, openApi } from './api.ts';

/** What a client gives up after: far more than any of the faults here last. */
const PATIENCE_MS = 120_000;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 1_000;
/** Nobody was there, or nobody knows what became of it: the same request may be sent again. */
const AGAIN = new Set([502, 503, 504]);

export interface PatientApi extends Api {
  readonly retries: Retries;
}

/** How often it had to ask again, by what it met: `504 timeout`, or the name of a broken connection. */
export type Retries = Map<string, number>;

/** Every request carries the given headers; they go to the gateways in turn. */
export function openPatientApi(
  origins: readonly string[],
  identity: Readonly<Record<string, string>>,
): PatientApi {
  const gateways = origins.map((origin) => openApi(origin, identity));
  const retries: Retries = new Map();
  let turn = 0;
  const request: Api['request'] = async (method, path, asking) => {
    const endsAt = performance.now() + PATIENCE_MS;
    let pauseMs = PAUSE_MS_MIN;
    for (;;) {
      turn += 1;
      const gateway = gateways[turn % gateways.length] ?? unreachable();
      const met = await gateway.request(method, path, asking).catch(brokenBy);
      if (typeof met !== 'string' && !AGAIN.has(met.status)) return met;
      const reason = typeof met === 'string' ? met : `${met.status} ${met.body.code}`;
      retries.set(reason, (retries.get(reason) ?? 0) + 1);
      if (performance.now() > endsAt) throw new Error(`${method} ${path}: still ${reason}`);
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  };
  return {
    origin: origins[0] ?? unreachable(),
    retries,
    request,
    get: (path, headers = {}) => request('GET', path, { headers }),
    post: (path, body, headers = {}) => request('POST', path, { body, headers }),
    patch: (path, body, headers = {}) => request('PATCH', path, { body, headers }),
  };
}

/** Why there is no answer: what `fetch` tells of a connection that was refused, or broke. */
function brokenBy(error: unknown): string {
  if (!(error instanceof TypeError)) throw error;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}

function unreachable(): never {
  throw new Error('a client needs a gateway');
}
