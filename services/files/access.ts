import type { CallerClaims } from '#contracts/caller.ts';
import type { StoredFile } from '#contracts/files.ts';
import type { Operation } from '#contracts/operation.ts';
import { authorizeRecord } from '#contracts/records/incident.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import { Problem } from '#shared/problem.ts';
import type { Call, ServiceTools } from '#shared/service.ts';

/** Asks the keeper of the record that a file belongs to. */
export interface Access {
  /**
   * Resolves when the caller may read or change the record now. Rejects with the keeper's Problem:
   * `forbidden` (which becomes an event here), `not-found`, `conflict` for a voided record.
   */
  assert(
    call: Call<Operation>,
    record: StoredFile['attachTo'],
    access: 'read' | 'write',
  ): Promise<void>;
}

export function openAccess(tools: ServiceTools, log: Log): Access {
  return {
    async assert(call, { type, id }, access) {
      const { caller, proof, traceparent } = call;
      const body = { type, id, access };
      try {
        const under = { proof, traceparent };
        await tools.client.call(authorizeRecord, { body }, asJob(caller), under);
      } catch (error) {
        const isRefusal = error instanceof Problem && error.code === 'forbidden';
        if (isRefusal) await recordRefusal({ tools, log, call, reason: `${access} ${type} ${id}` });
        throw error;
      }
    },
  };
}

function asJob({ tenant, timeZone, requestId }: CallerClaims): CallerClaims {
  return jobCaller('files', { tenant, timeZone, requestId });
}

/** As the guard does for refusals of its own. Never fails the refusal. */
async function recordRefusal(about: {
  readonly tools: ServiceTools;
  readonly log: Log;
  readonly call: Call<Operation>;
  readonly reason: string;
}): Promise<void> {
  const { tools, log, call, reason } = about;
  const { operation, caller, now } = call;
  const event = auditEventOf({
    caller,
    action: 'files.operation.refused',
    object: { type: 'operation', id: operation.name },
    outcome: 'refused',
    reason: `may not ${reason}`,
    now,
  });
  try {
    await call.tables.write({ changes: [], events: [event] });
    tools.relay.kick([event]);
  } catch (error) {
    log.error({ operation: operation.name, err: error }, 'a refusal was not recorded');
  }
}
