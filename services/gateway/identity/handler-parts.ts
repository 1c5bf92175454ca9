import type { Actor, AuditEvent } from '#contracts/audit-event.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { Client } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Tables, Write, WriteResult } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import type { Relay } from '#shared/relay.ts';
import type { AccountMail } from '../mail/account-mail.ts';
import type { Notices } from './notices.ts';
import type { Passwords } from './passwords.ts';

/** What the gateway's own operations work with, besides the call. */
export interface HandlerParts {
  /** Of all tenants: an account is looked for before anybody knows whose it is. */
  readonly tables: Tables;
  readonly vault: Vault;
  readonly metrics: Metrics;
  readonly relay: Relay;
  /** Asks other services, in the name of who calls. */
  readonly client: Client;
  readonly mail: AccountMail;
  readonly log: Log;
  readonly passwords: Passwords;
  readonly notices: Notices;
}

/**
 * Writes what happened although the operation failed, or without an operation: rows and events in
 * one transaction, like any other. Throws Problem `ledger-behind`; a lost race is a result.
 */
export async function record(
  parts: Pick<HandlerParts, 'tables' | 'relay'>,
  tenant: TenantId,
  write: Omit<Write, 'unaudited'>,
): Promise<WriteResult> {
  parts.relay.assertRoom();
  const result = await parts.tables.forTenant(tenant).write(write);
  if (result.ok) parts.relay.kick(write.events);
  return result;
}

/** The event as that of a person whom the operation itself has found out: the caller was nobody. */
export function inNameOf(
  event: AuditEvent,
  who: Pick<Actor, 'type' | 'id' | 'name' | 'session'>,
): AuditEvent {
  return { ...event, actor: { ...event.actor, ...who } };
}
