import type { SessionRow } from './rows.ts';

/** CJIS Security Policy 5.9.5, AC-11: a session ends after 30 minutes without a request. */
export const SESSION_IDLE_SECONDS = 30 * 60;
/** And after 12 hours whatever happens (AC-12). */
export const SESSION_LIFETIME_MS = 12 * 60 * 60 * 1000;
/** Being used is written down at most this often; a session may seem this much more idle. */
export const TOUCH_MS = 60_000;

/**
 * RFC 6265bis section 4.1.3.2: the prefix makes browsers refuse the cookie unless it is Secure, for
 * this host alone, and for all of it. Loopback counts as secure in browsers.
 */
export const SESSION_COOKIE = '__Host-watchdesk';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** Without `Max-Age` and `Expires`: the cookie goes with the browser (CJIS IA-11). */
export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}; ${attributes}`;
}

export function endOfSessionCookie(): string {
  return `${SESSION_COOKIE}=; ${attributes}; Max-Age=0`;
}

/**
 * The token in a `Cookie` header; `undefined` when there is none. A browser keeps one cookie of this
 * name; of two, sent by something else, neither is believed.
 */
export function sessionCookieOf(header: string | undefined): string | undefined {
  const prefix = `${SESSION_COOKIE}=`;
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  const [found, another] = pairs.filter((pair) => pair.startsWith(prefix));
  if (found === undefined) return undefined;
  return another === undefined ? found.slice(prefix.length) : '';
}

export function newSession(now: Date): SessionRow {
  return {
    createdAt: now.toISOString(),
    lastSeenAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + SESSION_LIFETIME_MS).toISOString(),
  };
}

export function isLive(session: SessionRow, nowMs: number): boolean {
  const idleMs = nowMs - Date.parse(session.lastSeenAt);
  const isOver = nowMs >= Date.parse(session.expiresAt);
  return session.endedAt === undefined && !isOver && idleMs < SESSION_IDLE_SECONDS * 1000;
}

/** Whether it is time to write down again that a session or key is in use. */
export function isStale(lastUsedAt: string | undefined, nowMs: number): boolean {
  return lastUsedAt === undefined || nowMs - Date.parse(lastUsedAt) >= TOUCH_MS;
}
