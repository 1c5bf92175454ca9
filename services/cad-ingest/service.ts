import { type ConsumerParts, openConsumer } from '#shared/consumer.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Queue } from '#shared/ports/queue.ts';
import { openService, openTools, type Service, type ServiceParts } from '#shared/service.ts';
import { expungementHandling, reachHandling } from './expungements.ts';
import { openWatch } from './health/watch.ts';
import { type DnsResolver, openAuthenticator } from './intake/authentication.ts';
import { openIntake } from './intake/intake.ts';
import { openSesIntake, type ReceivedMail } from './intake/ses-intake.ts';
import { openSmtp, type SmtpSettings } from './intake/smtp.ts';
import { submissionHandlings } from './intake/submissions.ts';
import { messageHandlings } from './messages.ts';
import { openExpiry } from './processing/expiry.ts';
import { processMessage } from './processing/process.ts';
import { openReader } from './processing/reader.ts';
import { openSweep } from './processing/sweep.ts';
import { type Work, work } from './processing/work.ts';
import { activationHandlings } from './profiles/activation.ts';
import { codeTableHandlings } from './profiles/code-tables.ts';
import { profileHandlings } from './profiles/profiles.ts';
import { openTrials } from './profiles/trials.ts';
import { tryingHandlings } from './profiles/trying.ts';
import { sourceHandlings } from './sources.ts';

export interface CadIngestParts extends ServiceParts {
  readonly blobs: Blobs;
  readonly queue: Queue;
  readonly smtp: SmtpSettings;
  /** What stands behind the `@` of the sources' addresses. */
  readonly mailDomain: string;
  /** DNS for SPF, DKIM and DMARC; absent: the name servers of this machine. */
  readonly resolver?: DnsResolver | undefined;
  /** Where SES tells of mail that it took; absent: it takes none for us. */
  readonly received?: ReceivedMail | undefined;
}

/** A mail that was just taken is worked on at once. */
const WORK_WAIT_MS = 500;
/** A long poll: each look costs, and a stop waits for the last one. */
const RECEIVED_WAIT_MS = 2_000;

/**
 * Opens the service from the inside out: what processes mail, then what takes it. It stops the other
 * way round, so that nothing is taken that nobody would work on.
 */
export async function openCadIngest(
  parts: CadIngestParts,
): Promise<Service & { readonly smtpPort: number }> {
  const { queue, mailDomain, resolver } = parts;
  await using opened = new AsyncDisposableStack();
  const tools = await openTools(parts);
  const enqueue = (work: Work) => queue.send(work);
  const enqueueDecided = (work: Work) => enqueueLater(parts, work);
  const trials = opened.use(openTrials());
  const handlings = [
    ...sourceHandlings(parts),
    ...profileHandlings(),
    ...activationHandlings(parts),
    ...codeTableHandlings(),
    ...tryingHandlings({ ...parts, trials }),
    ...messageHandlings({ ...parts, trials, enqueue: enqueueDecided }),
    ...submissionHandlings({ ...parts, enqueue: enqueueDecided }),
    expungementHandling(parts),
    reachHandling(),
  ];
  const service = opened.use(await openService(parts, tools, handlings));
  const authenticator = opened.use(openAuthenticator({ mta: mailDomain, resolver }));
  const reader = opened.use(openReader());
  const processing = { ...parts, ...tools, reader };
  const process: ConsumerParts['process'] = (body, deliveries, under) =>
    processMessage({ ...processing, ...under }, work.parse(body), deliveries);
  opened.use(openConsumer({ ...parts, work: 'cad-work', process, waitMs: WORK_WAIT_MS }));
  opened.use(openSweep({ ...parts, enqueue }));
  opened.use(openExpiry({ ...parts, ...tools }));
  opened.use(openWatch({ ...parts, ...tools }));
  const intake = openIntake({ ...parts, ...tools, authenticator, enqueue });
  if (parts.received !== undefined) {
    const { queue, ...place } = parts.received;
    const process = openSesIntake({ ...parts, ...place, intake });
    opened.use(
      openConsumer({ ...parts, work: 'mail-received', queue, process, waitMs: RECEIVED_WAIT_MS }),
    );
  }
  const door = opened.use(await openSmtp(parts.smtp, { ...parts, intake }));
  const stack = opened.move();
  return {
    name: service.name,
    dispatch: service.dispatch,
    smtpPort: door.port,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The decision is durable and stands; a queue in trouble only delays what follows from it. */
async function enqueueLater({ queue, log }: CadIngestParts, work: Work): Promise<void> {
  await queue.send(work).catch((error: unknown) => {
    log.error({ ...work, err: error }, 'a mail waits for the sweep to be queued');
  });
}
