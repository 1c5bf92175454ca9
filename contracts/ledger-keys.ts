import { z } from 'zod';
import { operation } from './operation.ts';

export const rotateLedgerKey = operation({
  name: 'ledger.key.rotate',
  summary: 'Sign checkpoints by a new key from now on, beside the one that signs until now',
  http: { method: 'POST', path: '/v1/ledger/keys/rotate', status: 200 },
  output: z.strictObject({
    /** Id of the key that was current. It signs too, until the next rotation. */
    replaced: z.string(),
  }),
  problems: ['conflict', 'ledger-behind'],
  permission: 'ledger:rotate-keys',
  audit: { kind: 'change', action: 'ledger.key.rotated', object: 'ledger-key' },
});
