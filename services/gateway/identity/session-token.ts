import { timingSafeEqual } from 'node:crypto';
import type { Vault } from '#shared/ports/vault.ts';

/**
 * The value of the session cookie: `1.<tenant>.<user>.<session>.<mac>`. It names a row and proves
 * that we gave it out; whether the session still holds is the row's to say, at each request. Ids of
 * sessions stand in the ledger for every reviewer to read: without the MAC they would be passwords.
 */
export interface SessionToken {
  readonly tenant: string;
  readonly user: string;
  readonly session: string;
}

const KEY_NAME = 'gateway/session-cookie';
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** HMAC-SHA-256 in base64url. */
const MAC_CHARS = 43;
const form = new RegExp(
  `^(1\\.(platform|${UUID})\\.(${UUID})\\.(${UUID}))\\.([A-Za-z0-9_-]{${MAC_CHARS}})$`,
);

export async function sealSessionToken(vault: Vault, token: SessionToken): Promise<string> {
  const body = `1.${token.tenant}.${token.user}.${token.session}`;
  return `${body}.${await macOf(vault, body)}`;
}

/** The parts of a cookie that we gave out; `undefined` for any other text. */
export async function openSessionToken(
  vault: Vault,
  text: string,
): Promise<SessionToken | undefined> {
  const [, body = '', tenant = '', user = '', session = '', mac] = form.exec(text) ?? [];
  if (mac === undefined) return undefined;
  // Compared as text: several texts decode to the same bytes, and only one of them is ours.
  const isOurs = timingSafeEqual(Buffer.from(mac), Buffer.from(await macOf(vault, body)));
  return isOurs ? { tenant, user, session } : undefined;
}

async function macOf(vault: Vault, body: string): Promise<string> {
  return Buffer.from(await vault.mac(KEY_NAME, Buffer.from(body))).toString('base64url');
}
