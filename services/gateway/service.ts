/**
 * The gateway: the one service with a public door. It knows who calls and lets in nobody else; what
 * callers may do is decided by the guard of the service that they ask.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { CallerClaims } from '#contracts/caller.ts';
import { STOP_DEADLINE_MS } from '#contracts/limits.ts';
import { operations } from '#contracts/operations.ts';
import { auditEventOf } from '#shared/audit.ts';
import { openConsumer } from '#shared/consumer.ts';
import { openContextSigner } from '#shared/context.ts';
import type { BlobDoor } from '#shared/ports/blobs.ts';
import type { Cache } from '#shared/ports/cache.ts';
import type { Mailer } from '#shared/ports/mailer.ts';
import type { Queue } from '#shared/ports/queue.ts';
import { openService, openTools, type Service, type ServiceParts } from '#shared/service.ts';
import { addDocs } from './docs/docs.ts';
import { openApiOf } from './docs/openapi.ts';
import { type Ask, openAsk } from './door/ask.ts';
import { addDoors } from './door/blob-doors.ts';
import { namesOf, originOf } from './door/hosts.ts';
import { openHttp } from './door/http.ts';
import { addProbes } from './door/probes.ts';
import { openRateLimits, type RateSettings } from './door/rate-limits.ts';
import { addRoutes } from './door/routes.ts';
import { securityHeaders } from './door/security-headers.ts';
import { apiKeyHandlings } from './identity/api-keys.ts';
import { guestHandlings } from './identity/guests.ts';
import { type HandlerParts, record } from './identity/handler-parts.ts';
import { identify } from './identity/identify.ts';
import { invitationHandlings } from './identity/invitations.ts';
import { openNotices } from './identity/notices.ts';
import { type HashCost, openPasswords } from './identity/passwords.ts';
import { ensurePlatform, unlockPlatform } from './identity/platform.ts';
import { rescueHandlings } from './identity/rescues.ts';
import { roleNoticeHandlings } from './identity/role-notices.ts';
import { sessionHandlings } from './identity/sessions.ts';
import { signInHandlings } from './identity/sign-ins.ts';
import { tenantHandlings } from './identity/tenants.ts';
import { userHandlings } from './identity/users.ts';
import { openAccountMail } from './mail/account-mail.ts';
import { openFeedbackReader } from './mail/feedback-reader.ts';
import { suppressionHandlings } from './mail/suppressions.ts';

/** Of the time to stop, what is left to the other services of the process after the gateway. */
const OTHERS_STOP_MS = 5_000;
/** A long poll: each look costs, and a stop waits for the last one. */
const FEEDBACK_WAIT_MS = 2_000;
/** A key that is used after its end is an event once in this time, not at each of its requests. */
const KEY_REFUSAL_SECONDS = 60;

export interface GatewayParts extends ServiceParts {
  readonly http: { readonly host: string; readonly port: number };
  /** Under which the gateway is reached; absent: only on this machine. */
  readonly publicOrigin?: string;
  /** The ends of the signed URLs, by name of the store. */
  readonly doors: Readonly<Record<string, BlobDoor>>;
  readonly cache: Cache;
  readonly mailer: Mailer;
  /** Where SES tells what became of our mail; absent: nobody does. */
  readonly feedback?: Queue | undefined;
  readonly firstRunFile: string;
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** How long a stopping gateway still takes requests, for load balancers to notice. */
  readonly drainMs?: number;
  readonly rates?: RateSettings;
  /** What a password's hash costs; absent: what is recommended. No setting of an installation. */
  readonly hashCost?: HashCost;
  /** Whoever runs the machine releases the platform's locked accounts by this start. */
  readonly unlockPlatform?: boolean;
}

export interface Gateway extends Service {
  /** The public origin, or the address listened on. */
  readonly origin: string;
  readonly port: number;
}

/** Resolves when the gateway takes requests. Its disposal ends them first, then itself. */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  await using opened = new AsyncDisposableStack();
  const tools = await openTools(parts);
  const { relay, client } = tools;
  const mail = openAccountMail({ ...parts, relay });
  const notices = opened.use(openNotices({ ...parts, relay, mail }));
  const passwords = openPasswords(parts.hashCost);
  const handlerParts = { ...parts, relay, client, mail, passwords, notices };
  const service = opened.use(await openService(parts, tools, handlingsOf(handlerParts)));
  await ensurePlatform(handlerParts);
  if (parts.unlockPlatform === true) await unlockPlatform(handlerParts);
  const { feedback: queue } = parts;
  if (queue !== undefined) {
    const process = openFeedbackReader(handlerParts);
    opened.use(
      openConsumer({ ...parts, work: 'mail-feedback', queue, process, waitMs: FEEDBACK_WAIT_MS }),
    );
  }
  const signer = openContextSigner(parts.vault, 'gateway', parts.clock);
  const ask = openAsk({ client, signer, service });
  const server = opened.use(await openServer(handlerParts, ask));
  const stack = opened.move();
  return { ...service, ...server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function handlingsOf(parts: HandlerParts) {
  return [
    ...signInHandlings(parts),
    ...sessionHandlings,
    ...tenantHandlings(parts),
    ...userHandlings(parts),
    ...guestHandlings(parts),
    ...rescueHandlings(parts),
    ...invitationHandlings(parts),
    ...apiKeyHandlings(parts),
    ...roleNoticeHandlings(parts),
    ...suppressionHandlings,
  ];
}

async function openServer(
  parts: GatewayParts & HandlerParts,
  ask: Ask,
): Promise<AsyncDisposable & { readonly origin: string; readonly port: number }> {
  const { http, publicOrigin, drainMs = 0, rates: settings = {} } = parts;
  let isStopping = false;
  let names = namesOf({ ...http, publicOrigin });
  const rates = openRateLimits({ ...parts, settings });
  const app = openHttp({
    ...parts,
    rates,
    names: () => names,
    securityHeaders: securityHeaders(originOf({ ...http, publicOrigin })),
    jsonTypes: jsonTypes(),
    byteTypes: byteTypes(),
    trustedProxies: parts.trustedProxies ?? [],
    isStopping: () => isStopping,
  });
  const identifyParts = { ...parts, keyRefused: openKeyRefusals(parts) };
  addRoutes(app, {
    rates,
    ask,
    names: () => names,
    identify: (credentials, about) => identify(identifyParts, credentials, about),
  });
  addDoors(app, parts.doors);
  addProbes(app, { ...parts, isStopping: () => isStopping });
  await addDocs(app, () => openApiOf(operations));
  await app.listen(http);
  const port = portOf(app);
  names = namesOf({ host: http.host, port, publicOrigin });
  return {
    port,
    origin: originOf({ host: http.host, port, publicOrigin }),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      await delay(drainMs);
      await close(app, STOP_DEADLINE_MS - OTHERS_STOP_MS - drainMs);
    },
  };
}

/** Takes no new connections; requests in work end, those that do not are cut off in the end. */
async function close(app: FastifyInstance, deadlineMs: number): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), deadlineMs);
  await app.close();
  clearTimeout(late);
}

/** Tells the ledger that a key was used after its end, at most once in KEY_REFUSAL_SECONDS. */
function openKeyRefusals(parts: GatewayParts & HandlerParts) {
  return async (caller: CallerClaims, reason: string): Promise<void> => {
    const { id } = caller.subject;
    const options = { windowSeconds: KEY_REFUSAL_SECONDS };
    // Without the cache it is told each time: rather too often than not at all.
    const uses = await parts.cache.count(`key-refused/${id}`, options).catch(() => 1);
    if (uses > 1) return;
    const event = auditEventOf({
      caller,
      action: 'gateway.api-key.refused',
      object: { type: 'api-key', id },
      outcome: 'refused',
      reason,
      now: new Date(parts.clock()),
    });
    await record(parts, caller.tenant, { changes: [], events: [event] });
  };
}

function jsonTypes(): string[] {
  const types = operations.flatMap(({ http }) => (http?.accepts === undefined ? [] : http.accepts));
  return [...new Set(types)];
}

/** Bytes of a type stand in one field, whatever operation takes them. */
function byteTypes(): ReadonlyMap<string, string> {
  const taken = operations.flatMap(({ http }) => http?.acceptsBytes ?? []);
  return new Map(taken.map(({ type, field }) => [type, field]));
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
