/** Which mails may expire, and what is left of one that has. Pure. */
import type { OutputOf } from '#contracts/operation.ts';
import type { askRetention } from '#contracts/retention.ts';
import { type MessageRow, namesOf, type StoredMessage } from '../message.ts';

const DAY_MS = 24 * 60 * 60_000;

/** What core-records answers: the window in force, and the holds that are on. */
export type Retained = OutputOf<typeof askRetention>;

/** Mails received before this may expire; `undefined` when none may: without a window, or all held. */
export function expiryBound({ window, holds }: Retained, now: number): string | undefined {
  if (window === undefined || holds.some(({ record }) => record === undefined)) return undefined;
  return new Date(now - window.days * DAY_MS).toISOString();
}

/** A mail that is not dealt with yet stays, however old: nobody may have seen that call. */
export function mayExpire({ id, value }: StoredMessage, retained: Retained, now: number): boolean {
  const bound = expiryBound(retained, now);
  if (bound === undefined || value.receivedAt >= bound || value.expired !== undefined) return false;
  if (value.status === 'received' || value.status === 'failed') return false;
  return !isHeld({ id, value }, retained);
}

/** By a hold on everything, or on anything that the mail can be named by. */
export function isHeld(message: Pick<StoredMessage, 'id' | 'value'>, { holds }: Retained): boolean {
  const names = namesOf(message);
  return holds.some(
    ({ record }) =>
      record === undefined ||
      names.some(({ type, id }) => type === record.type && id === record.id),
  );
}

/** Hash, size, verdicts and result stay; what the mail said goes with its bytes. */
export function expiredRow(before: MessageRow, days: number, at: string): MessageRow {
  const { subject: _subject, draft, pages, ...rest } = before;
  return {
    ...rest,
    ...(draft === undefined ? {} : { draft: withoutText(draft) }),
    ...(pages === undefined
      ? {}
      : { pages: pages.map((page) => ({ ...page, draft: withoutText(page.draft) })) }),
    expired: { at, days },
  };
}

function withoutText(draft: NonNullable<MessageRow['draft']>): NonNullable<MessageRow['draft']> {
  const { translated: _translated, ...rest } = draft;
  return { ...rest, fields: {} };
}
