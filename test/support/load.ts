/**
 * Writes of every kind, from several sides at once, and what was acknowledged of them: incidents
 * recorded and corrected over HTTP, files attached to them, dispatch mails by the queue of SES.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBlobs } from '#shared/aws/blobs.ts';
import { openQueue } from '#shared/aws/queue.ts';
import { receiptNotification } from '#test/cad-ingest/intake/ses-mails.ts';
import { type Answer, until } from './api.ts';
import type { Installation } from './aws-installation.ts';
import type { PatientApi, Retries } from './patient.ts';

const INCIDENT_WRITERS = 2;
const CORRECTIONS = 2;
/** The load is there to be in the way of faults, not to keep the processor from everything else. */
const PAUSE_MS = 250;
const MAIL_PAUSE_MS = 700;
const MORE_MS_MAX = 90_000;

export interface Acknowledged {
  /** `channels` in the order in which they were acknowledged: versions 2 and following. */
  readonly incidents: {
    readonly id: string;
    readonly number: string;
    readonly channels: string[];
  }[];
  readonly files: string[];
  /** Numbers of the calls that they tell of. */
  readonly mails: string[];
}

export interface Load {
  readonly acknowledged: Acknowledged;
  /** What its clients met before the acknowledgements. */
  readonly retries: Retries;
  /** Waits until so many more writes over HTTP were acknowledged. Rejects as `stop` does. */
  more(count: number): Promise<void>;
  /** Lets what was begun end. Rejects when any write was refused for another reason than a fault. */
  stop(): Promise<void>;
}

export interface LoadParts {
  readonly api: PatientApi;
  readonly installation: Installation;
  /** Where the dispatch centre sends to. */
  readonly address: string;
}

export function startLoad(parts: LoadParts): Load {
  const acknowledged: Acknowledged = { incidents: [], files: [], mails: [] };
  let writes = 0;
  let isStopping = false;
  const loading: Loading = {
    ...parts,
    acknowledged,
    isStopping: () => isStopping,
    done() {
      writes += 1;
      return sleep(PAUSE_MS);
    },
  };
  const writers = [
    ...Array.from({ length: INCIDENT_WRITERS }, () => writeIncidents(loading)),
    attachFiles(loading),
    sendMails(loading),
  ];
  // The first one that fails ends the wait of whoever waits; `stop` tells of it again.
  const all = Promise.all(writers);
  all.catch(() => {
    isStopping = true;
  });
  return {
    acknowledged,
    retries: parts.api.retries,
    async more(count) {
      const enough = writes + count;
      const written = async () => writes;
      const waiting = until(`${enough} writes`, written, (now) => now >= enough, MORE_MS_MAX);
      await Promise.race([waiting, all]);
    },
    async stop() {
      isStopping = true;
      await all;
    },
  };
}

interface Loading extends LoadParts {
  readonly acknowledged: Acknowledged;
  isStopping(): boolean;
  /** A write over HTTP was acknowledged. */
  done(): Promise<void>;
}

async function writeIncidents(loading: Loading): Promise<void> {
  const { api, acknowledged, done, isStopping } = loading;
  while (!isStopping()) {
    const number = `H-${randomBytes(6).toString('hex')}`;
    const key = { 'idempotency-key': randomUUID() };
    const made = await api.post('/v1/incidents', { number, nature: 'FIRE' }, key);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const incident = { id: made.body.id, number, channels: [] };
    acknowledged.incidents.push(incident);
    await done();
    for (let version = 1; version <= CORRECTIONS && !isStopping(); version += 1) {
      await correct(api, incident, version);
      await done();
    }
  }
}

/** With `If-Match`: a request that was carried out unseen is refused the second time, and looked for. */
async function correct(
  api: PatientApi,
  { id, channels }: Acknowledged['incidents'][number],
  version: number,
): Promise<void> {
  const path = `/v1/incidents/${id}`;
  const channel = `TAC ${version}`;
  const changed = await api.patch(path, { channel }, { 'if-match': `"${version}"` });
  const seen = changed.status === 412 ? await api.get(path) : changed;
  assert.equal(seen.status, 200, JSON.stringify(seen.body));
  assert.deepEqual([seen.body.version, seen.body.channel], [version + 1, channel]);
  channels.push(channel);
}

async function attachFiles(loading: Loading): Promise<void> {
  const { api, acknowledged, done, isStopping } = loading;
  while (!isStopping()) {
    const incident = acknowledged.incidents.at(-1);
    if (incident === undefined) {
      await sleep(PAUSE_MS);
      continue;
    }
    const bytes = Buffer.from(`Sketch of the scene ${randomUUID()}\n`);
    const begun = await api.post('/v1/files', {
      name: 'notes.txt',
      contentType: 'text/plain',
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      attachTo: { type: 'incident', id: incident.id },
    });
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    await done();
    const { url, method, headers } = begun.body.upload;
    const put = await fetch(url, { method, headers, body: bytes });
    assert.ok(put.ok, `the place of a file answered ${put.status}`);
    const finished: Answer = await api.post(`/v1/files/${begun.body.id}/finish`);
    assert.equal(finished.status, 200, JSON.stringify(finished.body));
    acknowledged.files.push(begun.body.id);
    await done();
  }
}

/** As SES does: the mail into the bucket, then the word of it into the queue. */
async function sendMails(loading: Loading): Promise<void> {
  const { installation, address, acknowledged, isStopping } = loading;
  const { aws, environment } = installation;
  const { CAD_MAIL_BUCKET: bucket = '', RECEIVED_QUEUE: name = '' } = environment;
  await using stores = await openBlobs({ aws, bucket, clock: Date.now });
  await using queue = await openQueue({ aws, name, leaseMs: 30_000, triesMax: 5 });
  for (let serial = 1; !isStopping(); serial += 1) {
    const number = `M-${randomBytes(6).toString('hex')}`;
    const key = `ses/${randomBytes(20).toString('hex')}`;
    await stores.blobs.put(key, Buffer.from(mailOf(number, serial)));
    await queue.send(receiptNotification({ recipients: [address], key, bucket }));
    acknowledged.mails.push(number);
    await sleep(MAIL_PAUSE_MS);
  }
}

/** Each about a place of its own: two calls at one place may be one incident. */
function mailOf(number: string, serial: number): string {
  return [
    'From: County Dispatch <desk@county.example>',
    'To: someone-else@elsewhere.example',
    'Subject: CAD Page',
    `Message-ID: <${number}@county.example>`,
    '',
    `CALL: CHIMNEY FIRE`,
    `ADDR: ${serial} Mill Rd`,
    `ID: ${number}`,
    '',
  ].join('\r\n');
}
