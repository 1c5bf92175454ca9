import { z } from 'zod';
import { type CadMessage, cadMessage } from '#contracts/cad-messages.ts';
import { sha256Hex, type TenantId, timestamp, timeZone } from '#contracts/primitives.ts';
import { canonicalHash } from '#shared/canonical.ts';
import type { Change, Json, Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

export const MESSAGE_KIND = 'cad-message';
/** From a work id to its message: there is one message to each. */
export const WORK_KIND = 'cad-work';
/** Ids by which messages are listed; see `indexIdsOf`. */
export const INDEX_KIND = 'cad-message-index';

/** What is kept of a mail beside its raw bytes. Nothing of its text but what the contract shows. */
export const messageRow = cadMessage.omit({ id: true, version: true }).extend({
  workId: sha256Hex,
  timeZone,
  /** When it was last put into the queue, or last tried. */
  touchedAt: timestamp,
  /** Calls in the mail, where it holds several: written down before the first one is proposed. */
  pageCount: z.number().int().positive().optional(),
  /** Number of the reading that is done, or to be done; absent: the first. */
  reading: z.number().int().positive().optional(),
  /** How often the sweep found it lying since somebody last ended a try. */
  stalls: z.number().int().nonnegative(),
});
export type MessageRow = z.infer<typeof messageRow>;

export interface StoredMessage {
  readonly id: string;
  readonly version: number;
  readonly value: MessageRow;
}

/** The same mail for the same source is the same work, however often it comes. */
export function workIdOf(mail: {
  readonly sourceId: string;
  readonly messageId: string | undefined;
  readonly sha256: string;
}): string {
  return canonicalHash([mail.sourceId, mail.messageId ?? '', mail.sha256]);
}

/** The work id of one call of a mail: the first call's is the mail's own. */
export function pageWorkIdOf(workId: string, index: number): string {
  return index === 0 ? workId : canonicalHash([workId, index]);
}

/** By what a legal hold can name a mail: its own id, its source, each incident that it made or changed. */
export function namesOf({
  id,
  value: { sourceId, incidentId, pages = [] },
}: Pick<StoredMessage, 'id' | 'value'>): { readonly type: string; readonly id: string }[] {
  const incidents = new Set(pages.map((page) => page.incidentId));
  if (incidentId !== undefined) incidents.add(incidentId);
  return [
    { type: 'cad-message', id },
    { type: 'cad-source', id: sourceId },
    ...[...incidents].map((each) => ({ type: 'incident', id: each })),
  ];
}

/** Where the raw mail is: named by its content, so that a repeated put changes nothing. */
export function rawKeyOf(tenant: TenantId, sha256: string): string {
  return `${tenant}/${sha256}.eml`;
}

export async function getMessage(
  tables: TenantTables,
  id: string,
): Promise<StoredMessage | undefined> {
  const row = await tables.get({ kind: MESSAGE_KIND, id });
  return row && storedMessageOf(row);
}

/** Throws Problem `not-found`: also for the id of another tenant, whose rows are not seen here. */
export async function findMessage(tables: TenantTables, id: string): Promise<StoredMessage> {
  const message = await getMessage(tables, id);
  if (message !== undefined) return message;
  throw new Problem('not-found', { detail: 'There is no such message.' });
}

export function storedMessageOf(row: Row): StoredMessage {
  return { id: row.id, version: row.version, value: messageRow.parse(row.value) };
}

/** What callers see of it. */
export function shownMessage({ id, version, value }: StoredMessage): CadMessage {
  const { workId: _work, timeZone: _zone, touchedAt: _at, stalls: _stalls, ...rest } = value;
  const { pageCount: _count, reading: _reading, ...shown } = rest;
  return { id, version, ...shown };
}

/** The changes that make or change a message with its index. `before` is what it must be now. */
export function messageChanges(
  id: string,
  value: MessageRow,
  before?: StoredMessage,
): readonly Change[] {
  const kept = before === undefined ? [] : indexIdsOf(id, before.value);
  const wanted = indexIdsOf(id, value);
  // JSON by its schema; zod's type lets absent keys be `undefined`.
  const json = JSON.parse(JSON.stringify(value)) as Json;
  return [
    { put: { kind: MESSAGE_KIND, id, value: json }, expect: before?.version ?? 0 },
    ...kept
      .filter((each) => !wanted.includes(each))
      .map((each): Change => ({ remove: { kind: INDEX_KIND, id: each }, expect: 1 })),
    ...wanted
      .filter((each) => !kept.includes(each))
      .map((each): Change => ({ put: { kind: INDEX_KIND, id: each, value: null }, expect: 0 })),
  ];
}

/** The beginning of the index ids to list by; `undefined` to list the messages themselves. */
export function indexPrefixOf(filter: {
  readonly status?: CadMessage['status'] | undefined;
  readonly sourceId?: string | undefined;
}): string | undefined {
  const { status, sourceId } = filter;
  if (sourceId === undefined) return status && `status/${status}/`;
  return status === undefined ? `source/${sourceId}/` : `both/${sourceId}/${status}/`;
}

/** What the index ids of mails begin with that have not expired, in the order of receipt. */
export const KEPT_PREFIX = 'kept/';

/** What the index ids begin with of mails with these raw bytes. */
export function rawPrefixOf(sha256: string): string {
  return `raw/${sha256}/`;
}

/** What the index ids begin with of mails of a source that could not be read. */
export function unreadPrefixOf(sourceId: string): string {
  return `unread/${sourceId}/`;
}

/** Throws Problem `gone` for a mail that has expired. */
export function assertNotExpired({ value: { expired } }: StoredMessage): void {
  if (expired === undefined) return;
  throw new Problem('gone', {
    detail: `The raw mail expired on ${expired.at}: the department keeps its mail for ${expired.days} days.`,
  });
}

function indexIdsOf(id: string, value: MessageRow): readonly string[] {
  const { status, sourceId, sha256, expired, reason } = value;
  const filters = [{ status }, { sourceId }, { status, sourceId }];
  const prefixes = [
    ...filters.map(indexPrefixOf),
    rawPrefixOf(sha256),
    ...(expired === undefined ? [KEPT_PREFIX] : []),
    ...(status === 'processed' && reason !== undefined ? [unreadPrefixOf(sourceId)] : []),
  ];
  return prefixes.map((prefix) => `${prefix}${id}`);
}
