/** What the mail says: ids, sizes and dates, nothing of anybody's content. Pure. */

import type { sendNotice } from '#contracts/notices.ts';
import type { InputOf } from '#contracts/operation.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { bounds, type Week } from '../reviews/week.ts';

type Letter = Omit<InputOf<typeof sendNotice>['body'], 'key'>;

export function checkpointLetter(checkpoint: Checkpoint, day: string): Letter {
  const { origin, size, root, note, verifierKey } = checkpoint;
  return {
    kind: 'ledger-checkpoint',
    roles: ['reviewer'],
    subject: `Ledger checkpoint of ${day}: ${size} entries`,
    text: [
      `The signed checkpoint of your department's ledger is attached. Keep this mail.`,
      '',
      `log     ${origin}`,
      `entries ${size}`,
      `root    ${root}`,
      `key     ${verifierKey}`,
      '',
      'Compare the key with the one that you wrote down at the beginning, then check the signature:',
      '',
      `  npx watchdesk checkpoint verify checkpoint-${day}.txt --key ${verifierKey}`,
      '',
      'Whoever holds the ledger cannot change or cut off what stood in it by then without showing it:',
      `  GET /v1/ledger/consistency?from=${size}&to=<entries of a later checkpoint>`,
      'gives the proof that the later ledger begins with this one, and its fromRoot is the root above.',
      '',
    ].join('\n'),
    attachment: { name: `checkpoint-${day}.txt`, text: note },
  };
}

export function reminderLetter(week: Week): Letter {
  const { from, to } = bounds(week);
  return {
    kind: 'review-reminder',
    roles: ['reviewer', 'admin'],
    subject: `The ledger of week ${week.name} is not reviewed yet`,
    text: [
      `Nobody has signed off week ${week.name} (${from} to ${to}) of your department's ledger.`,
      '',
      `  GET /v1/ledger/reviews/summary?week=${week.name}   shows what happened and what stands out`,
      '  POST /v1/ledger/reviews                            signs it off',
      '',
      'You get this once. An administrator can turn reminders off under /v1/settings/ledger-mail.',
      '',
    ].join('\n'),
  };
}
