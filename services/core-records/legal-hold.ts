/** Decisions about legal holds: who may release one, and what it stops. Pure. */
import type { HoldClass, LegalHold } from '#contracts/legal-holds.ts';
import type { Person } from '#contracts/primitives.ts';

export type Placed = Pick<LegalHold, 'reference' | 'reason' | 'scope'>;

export function placedHold(
  placed: Placed,
  made: { readonly id: string; readonly by: Person; readonly now: Date },
): LegalHold {
  const { id, by, now } = made;
  return {
    id,
    version: 1,
    status: 'on',
    ...placed,
    placedBy: by,
    placedAt: now.toISOString(),
  };
}

/** `undefined` for a hold that is released already. */
export function releasedHold(
  before: LegalHold,
  made: { readonly by: Person; readonly now: Date; readonly reason: string },
): LegalHold | undefined {
  if (before.status === 'released') return undefined;
  return {
    ...before,
    version: before.version + 1,
    status: 'released',
    releasedBy: made.by,
    releasedAt: made.now.toISOString(),
    releaseReason: made.reason,
  };
}

/**
 * What of a class is held. Where not all holds could be looked at, each counts for everything, and
 * one of another class as well: who asks deletes too little, never too much.
 */
export function holdsAnswer(
  holds: readonly LegalHold[],
  asked: { readonly class: HoldClass; readonly areAll: boolean },
): { id: string; record?: LegalHold['scope']['record'] }[] {
  if (!asked.areAll) return holds.map(({ id }) => ({ id }));
  return holds
    .filter(({ scope }) => scope.classes.includes(asked.class))
    .map(({ id, scope: { record } }) => ({ id, ...(record && { record }) }));
}
