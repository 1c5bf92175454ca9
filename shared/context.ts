/**
 * Caller contexts: who asks, signed for one audience and thirty seconds.
 *
 * 1. The gateway finds out who calls and signs a context for the service that the operation names.
 * 2. The service's guard verifies signature, audience, type, time and issuer before anything else.
 * 3. A service that asks another one signs a context of its own, as the job that it is. Where it
 *    acts for a person it sends along the context that it was called with: it can act for nobody
 *    who is not just now asking it to.
 *
 * Compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037). Signing goes through the vault, which
 * keeps the keys; `jose` verifies.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import {
  type Caller,
  type CallerClaims,
  caller,
  type ServiceName,
  serviceNames,
} from '#contracts/caller.ts';
import { CONTEXT_CLOCK_SKEW_SECONDS, CONTEXT_LIFETIME_SECONDS } from '#contracts/limits.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from './problem.ts';

const TYPE = 'watchdesk-caller+jwt';
/** Public keys are asked for again at most this often when a context names an unknown one. */
const KEY_REFRESH_MS_MIN = 2_000;

const claims = z.strictObject({
  iss: z.enum(serviceNames),
  aud: z.enum(serviceNames),
  iat: z.number().int(),
  exp: z.number().int(),
  caller,
  /** The context that the issuer itself was called with, where it acts for that caller. */
  proof: z.string().optional(),
});

/** Made once: making a schema takes longer than the signature. */
const issued = z.object({ iss: z.enum(serviceNames) });

export interface ContextSigner {
  /** Context for one call to the audience; `proof` is the token this service was called with. */
  sign(request: {
    readonly caller: CallerClaims;
    readonly audience: ServiceName;
    readonly proof?: string;
  }): Promise<string>;
}

export interface ContextVerifier {
  /** Throws Problem `unauthenticated` for anything but a valid context of this audience. */
  verify(token: string, audience: ServiceName): Promise<Caller>;
}

export function openContextSigner(
  vault: Vault,
  issuer: ServiceName,
  clock: () => number,
): ContextSigner {
  return {
    async sign({ caller, audience, proof }) {
      const now = Math.floor(clock() / 1000);
      const payload = {
        iss: issuer,
        aud: audience,
        iat: now,
        exp: now + CONTEXT_LIFETIME_SECONDS,
        caller,
        ...(proof === undefined ? {} : { proof }),
      };
      const [current] = await vault.publicKeys(keyName(issuer));
      const header = { alg: 'EdDSA', typ: TYPE, kid: current?.id };
      const signed = `${base64url(header)}.${base64url(payload)}`;
      const { keyId, signature } = await vault.sign(keyName(issuer), Buffer.from(signed));
      // Rotated between the two calls: the id in the header must be the one that signed.
      if (keyId !== current?.id) return this.sign({ caller, audience, ...(proof && { proof }) });
      return `${signed}.${Buffer.from(signature).toString('base64url')}`;
    },
  };
}

export function openContextVerifier(vault: Vault, clock: () => number): ContextVerifier {
  const keys = openKeyCache(vault, clock);
  return {
    async verify(token, audience) {
      const { issuer, proof, ...found } = await verifyToken({ token, audience, keys, clock });
      if (issuer === 'gateway' && proof === undefined) return found.caller;
      assertActsAsItself(issuer, found.caller);
      if (proof === undefined) return found.caller;
      const original = await verifyToken({ token: proof, audience: issuer, keys, clock });
      // Only the gateway knows people, and a proof of a proof would let contexts wander.
      if (original.issuer !== 'gateway' || original.proof !== undefined) throw refused();
      if (original.caller.tenant !== found.caller.tenant) throw refused();
      return { ...found.caller, actingFor: original.caller };
    },
  };
}

interface TokenCheck {
  readonly token: string;
  readonly audience: ServiceName;
  readonly keys: KeyCache;
  readonly clock: () => number;
}

async function verifyToken({ token, audience, keys, clock }: TokenCheck) {
  try {
    const { payload } = await jwtVerify(
      token,
      async (header) => {
        const issuer = issuerOf(token);
        return keys.find(issuer, String(header.kid));
      },
      {
        algorithms: ['EdDSA'],
        typ: TYPE,
        audience,
        clockTolerance: CONTEXT_CLOCK_SKEW_SECONDS,
        currentDate: new Date(clock()),
        requiredClaims: ['iss', 'aud', 'iat', 'exp'],
        maxTokenAge: CONTEXT_LIFETIME_SECONDS,
      },
    );
    const { iss, caller, proof } = claims.parse(payload);
    return { issuer: iss, caller, proof };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw refused();
    throw error;
  }
}

/** The issuer is read before the signature is checked, only to know whose key must have made it. */
function issuerOf(token: string): ServiceName {
  const [, payload = ''] = token.split('.');
  const parsed = issued.safeParse(jsonOf(Buffer.from(payload, 'base64url').toString()));
  if (!parsed.success) throw refused();
  return parsed.data.iss;
}

/** A service other than the gateway speaks for itself alone, in its own role. */
function assertActsAsItself(issuer: ServiceName, who: Caller): void {
  const itself = who.subject.type === 'service' && who.subject.id === issuer;
  if (!itself || who.roles.length !== 1 || who.roles[0] !== `job:${issuer}`) throw refused();
}

interface KeyCache {
  find(issuer: ServiceName, keyId: string): Promise<KeyObject>;
}

function openKeyCache(vault: Vault, clock: () => number): KeyCache {
  const known = new Map<string, KeyObject>();
  const asked = new Map<ServiceName, { readonly at: number; readonly answer: Promise<void> }>();

  async function load(issuer: ServiceName): Promise<void> {
    for (const { id, key } of await vault.publicKeys(keyName(issuer))) {
      known.set(`${issuer}/${id}`, publicKeyOf(key));
    }
  }

  /** Who comes while the keys are being asked for waits for the same answer. */
  function refresh(issuer: ServiceName): Promise<void> {
    const last = asked.get(issuer);
    if (last !== undefined && clock() - last.at < KEY_REFRESH_MS_MIN) return last.answer;
    const answer = load(issuer);
    asked.set(issuer, { at: clock(), answer });
    return answer;
  }

  return {
    async find(issuer, keyId) {
      const name = `${issuer}/${keyId}`;
      if (!known.has(name)) await refresh(issuer);
      const found = known.get(name);
      if (found === undefined) throw refused();
      return found;
    },
  };
}

/** Name in the vault of the key with which a service signs its contexts. */
function keyName(issuer: ServiceName): string {
  return `context/${issuer}`;
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(): Problem {
  return new Problem('unauthenticated', { detail: 'The caller context is not valid here.' });
}
