import { hash, randomUUIDv7 } from 'node:crypto';
import type { CadDraft } from '#contracts/cad-fields.ts';
import type { InputOf } from '#contracts/operation.ts';
import type { proposeIncident } from '#contracts/records/incident.ts';

type Proposal = InputOf<typeof proposeIncident>['body'];

export const SOURCE_ID = '0193a000-0000-7000-8000-000000000001';

/** A dispatch that was read in full, unless something else is said. */
export function draft(about: Partial<CadDraft> = {}): CadDraft {
  return {
    kind: 'dispatch',
    profile: 'generic',
    confidence: 0.9,
    unsure: [],
    ...about,
    fields: about.fields ?? { nature: 'CHIMNEY FIRE', address: '12 MILL RD', number: '31-000123' },
  };
}

/** The proposal of a mail; mails differ in everything but what is given. */
export function proposal(about: {
  readonly draft?: Partial<CadDraft>;
  readonly receivedAt?: string;
  readonly sourceId?: string;
  readonly workId?: string;
  readonly updates?: Proposal['updates'];
}): Proposal {
  const id = randomUUIDv7();
  const sha256 = hash('sha256', id);
  return {
    workId: about.workId ?? hash('sha256', `work ${id}`),
    draft: draft(about.draft),
    ...(about.updates === undefined ? {} : { updates: about.updates }),
    message: {
      id,
      sourceId: about.sourceId ?? SOURCE_ID,
      sha256,
      receivedAt: about.receivedAt ?? new Date().toISOString(),
    },
  };
}
