/**
 * cad-ingest and core-records in a process of their own, on the data folder of `DATA_DIR`, to be
 * killed. With `DIE_AT` it kills itself at that step of the first mail. Logs the port of its SMTP
 * door when it is ready.
 */
import { proposeIncident } from '#contracts/records/incident.ts';
import { openCadIngest } from '#services/cad-ingest/service.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { openLog } from '#shared/log.ts';
import { openMetrics } from '#shared/metrics.ts';
import { openHost } from '#shared/open.ts';
import { openParts } from '#shared/parts.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Bus } from '#shared/ports/bus.ts';
import type { Queue } from '#shared/ports/queue.ts';
import { MAIL_DOMAIN, standInForLedger } from './stand-in.ts';

/** In the order in which a mail passes them. */
export const steps = [
  'blob-put',
  'row-written',
  'queued',
  'proposed',
  // Of a mail with two calls only.
  'both-proposed',
  'row-finished',
] as const;
export type Step = (typeof steps)[number];

if (import.meta.main) await run(process.env.DATA_DIR ?? '', process.env.DIE_AT);

async function run(dataDir: string, dieAt: string | undefined): Promise<void> {
  const at = (step: Step) => {
    if (step === dieAt) process.kill(process.pid, 'SIGKILL');
  };
  const clock = Date.now;
  const publicOrigin = () => 'http://127.0.0.1:8080';
  const host = await openHost({ dataDir, publicOrigin, clock });
  const about = { logLevel: 'fatal', metrics: openMetrics(), clock };
  await standInForLedger(host.bus, []);
  await openCoreRecords(await openParts(host, { ...about, name: 'core-records' }));
  const { blobs } = await host.blobs('cad-mail');
  const service = await openCadIngest({
    ...(await openParts(host, { ...about, name: 'cad-ingest' })),
    bus: deadlyBus(host.bus, at),
    blobs: deadlyBlobs(blobs, at),
    queue: deadlyQueue(await host.queue('cad-ingest'), at),
    smtp: { host: '127.0.0.1', port: 0 },
    mailDomain: MAIL_DOMAIN,
  });
  openLog('desk', 'info').info({ smtpPort: service.smtpPort }, 'ready');
}

type At = (step: Step) => void;

function deadlyBlobs(blobs: Blobs, at: At): Blobs {
  return {
    ...blobs,
    async put(key, bytes) {
      const result = await blobs.put(key, bytes);
      at('blob-put');
      return result;
    },
  };
}

function deadlyQueue(queue: Queue, at: At): Queue {
  return {
    ...queue,
    async send(body) {
      at('row-written');
      await queue.send(body);
      at('queued');
    },
    async done(delivery) {
      at('row-finished');
      return queue.done(delivery);
    },
  };
}

function deadlyBus(bus: Bus, at: At): Bus {
  let proposals = 0;
  return {
    ...bus,
    async request(subject, body, options) {
      const answer = await bus.request(subject, body, options);
      if (subject !== proposeIncident.name) return answer;
      proposals += 1;
      at(proposals === 1 ? 'proposed' : 'both-proposed');
      return answer;
    },
  };
}
