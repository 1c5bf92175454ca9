import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { makeDepartment } from '#test/demo/scenario.ts';
import { type Api, openApi, signIn } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { startProcess } from '#test/support/processes.ts';
import { percentile, type Table } from './table.ts';

const MAILS_PER_SECOND = 20;
const MAILS = 400;
/** Sent before, so that code is compiled and the reading thread is there. */
const WARMING_MAILS = 60;
const ASK_EVERY_MS = 8;
/** Newest incidents that are looked at: as many as come in two seconds. */
const NEWEST = 40;
const WAIT_MS_MAX = 60_000;
const SENDER = 'desk@county.example';

/** From the 250 of the SMTP door to an incident that GET /v1/incidents shows, at a steady rate. */
export async function benchLatency(): Promise<Table> {
  await using folder = await temporaryFolder();
  await using all = await startProcess('services/all.ts', {
    DATA_DIR: folder.path,
    HTTP_PORT: '0',
    SMTP_PORT: '0',
    LOG_LEVEL: 'info',
    REQUESTS_PER_MINUTE: '10000000',
  });
  const { api, address } = await openDepartment(folder.path, all.ready);
  const transport = createTransport({
    host: '127.0.0.1',
    port: all.ready.smtpPort,
    ignoreTLS: true,
    pool: true,
    maxConnections: 4,
  });
  const asker = openAsker(api);
  const send = async (serial: number) => {
    const envelope = { from: SENDER, to: address };
    const beganAt = performance.now();
    await transport.sendMail({ envelope, raw: mailOf(serial) });
    const acceptedAt = performance.now();
    await asker.untilReadable(numberOf(serial));
    return { accepting: acceptedAt - beganAt, becoming: performance.now() - acceptedAt };
  };
  await atRate(WARMING_MAILS, (index) => send(index));
  const measured = await atRate(MAILS, (index) => send(WARMING_MAILS + index));
  transport.close();
  const becoming = measured.map((each) => each.becoming);
  const accepting = measured.map((each) => each.accepting);
  return {
    title: `Mail accepted at SMTP to incident readable over HTTP, ${MAILS_PER_SECOND} mails/s, ${MAILS} mails`,
    rows: [
      { what: 'p50', value: percentile(becoming, 0.5), unit: 'ms' },
      { what: 'p95', value: percentile(becoming, 0.95), unit: 'ms' },
      { what: 'p99', value: percentile(becoming, 0.99), unit: 'ms', target: '<= 250' },
      { what: 'longest', value: Math.max(...becoming), unit: 'ms' },
      { what: 'the 250 itself, p50', value: percentile(accepting, 0.5), unit: 'ms' },
      { what: 'the 250 itself, p99', value: percentile(accepting, 0.99), unit: 'ms' },
    ],
  };
}

/** Starts one every so often, whether or not those before have ended. */
async function atRate<Result>(
  count: number,
  start: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const beganAt = performance.now();
  const running: Promise<Result>[] = [];
  for (let index = 0; index < count; index += 1) {
    const dueMs = (index * 1_000) / MAILS_PER_SECOND - (performance.now() - beganAt);
    if (dueMs > 0) await sleep(dueMs);
    running.push(start(index));
  }
  return Promise.all(running);
}

/** One asker for all, so that the asking itself costs the same however long the mails take. */
function openAsker(api: Api): { untilReadable(number: string): Promise<void> } {
  const waiting = new Map<string, () => void>();
  let asking = false;
  const ask = async () => {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (waiting.size > 0) {
      if (performance.now() > deadline) throw new Error('a mail was no incident for too long');
      const { status, body } = await api.get(`/v1/incidents?limit=${NEWEST}`);
      if (status !== 200) throw new Error(`the list of incidents answered ${status}`);
      for (const { number } of body.items) {
        waiting.get(number)?.();
        waiting.delete(number);
      }
      await sleep(ASK_EVERY_MS);
    }
    asking = false;
  };
  let failed: Promise<void> = Promise.resolve();
  return {
    async untilReadable(number) {
      const found = new Promise<void>((resolve) => waiting.set(number, resolve));
      if (!asking) {
        asking = true;
        failed = ask();
      }
      // Settles with whichever is first: the incident, or the asker's trouble.
      await Promise.race([found, failed.then(() => found)]);
    },
  };
}

async function openDepartment(
  dataDir: string,
  ready: { readonly origin: string; readonly smtpPort: number },
): Promise<{ readonly api: Api; readonly address: string }> {
  const firstRun = JSON.parse(await readFile(join(dataDir, 'first-run.json'), 'utf8'));
  const platform = await signIn(ready.origin, firstRun.email, firstRun.password);
  const stage = { ...ready, firstRun, tell: () => undefined };
  const { admin } = await makeDepartment(stage, platform, 'fairvale');
  const source = await admin.post('/v1/cad/sources', {
    name: 'County dispatch',
    senders: [SENDER],
    trust: 'listed',
    networks: ['127.0.0.1'],
  });
  const key = await admin.post('/v1/api-keys', { name: 'bench', scopes: ['incidents:read'] });
  const api = openApi(ready.origin, { authorization: `Bearer ${key.body.key}` });
  return { api, address: source.body.address };
}

function numberOf(serial: number): string {
  return `31-${String(serial).padStart(6, '0')}`;
}

function mailOf(serial: number): string {
  return [
    `From: County Dispatch <${SENDER}>`,
    'To: desk@fairvale.example',
    'Subject: CAD Page',
    `Message-ID: <bench-${serial}@county.example>`,
    '',
    'CALL: CHIMNEY FIRE',
    `ADDR: ${serial + 1} Mill Rd`,
    'CITY: FAIRVALE',
    `ID: ${numberOf(serial)}`,
    'PRI: 1',
    'DATE: 01/02/2031',
    'TIME: 04:05:06',
    'UNIT: E91, T91',
    'INFO: smoke from eaves, occupants out, neighbour on the line',
    '',
  ].join('\r\n');
}
