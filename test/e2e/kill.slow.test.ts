import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Department, makeDepartment, makeSource, sendMail } from '#test/demo/scenario.ts';
import { type Api, signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort, startProcess } from '#test/support/processes.ts';

const ROUNDS = 2;
const WRITERS = 6;
const ACKNOWLEDGED_BEFORE_KILL = 30;

/**
 * Incidents and mails are sent from several sides; the process is killed in the middle of it. What
 * was acknowledged before must all be there after the restart, in the ledger too, and only once.
 */
test('kill -9 under load loses and doubles nothing that was acknowledged', async () => {
  await using folder = await temporaryFolder();
  const ports = { http: await freePort(), smtp: await freePort() };
  const environment = {
    DATA_DIR: folder.path,
    HTTP_PORT: String(ports.http),
    SMTP_PORT: String(ports.smtp),
  };
  const origin = `http://127.0.0.1:${ports.http}`;
  let department: Department | undefined;
  let address = '';
  const incidents: string[] = [];
  const mails: string[] = [];

  for (let round = 0; round < ROUNDS; round += 1) {
    await using all = await startProcess('services/all.ts', environment);
    if (department === undefined) {
      const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
      const platform = await signIn(origin, firstRun.email, firstRun.password);
      const stage = { origin, smtpPort: ports.smtp, firstRun, tell: () => undefined };
      department = await makeDepartment(stage, platform, 'fairvale');
      ({ address } = await makeSource(department.admin));
    }
    const { officer } = department;
    let acknowledged = 0;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let turn = 0; acknowledged < ACKNOWLEDGED_BEFORE_KILL; turn += 1) {
        const number = `${round}-${writer}-${turn}`;
        const isMail = turn % 2 === 1;
        const done = isMail
          ? await mailAccepted(ports.smtp, address, number)
          : await incidentCreated(officer, number);
        if (!done) return;
        (isMail ? mails : incidents).push(number);
        acknowledged += 1;
      }
    });
    await Promise.race(writers);
    await all.stop('SIGKILL');
    await Promise.allSettled(writers);
  }

  await using _ = await startProcess('services/all.ts', environment);
  const reviewer = await signIn(origin, 'reviewer@fairvale.example', 'reviewer demonstration only');
  for (const number of [...incidents, ...mails]) {
    const { body } = await until(
      `incident ${number}`,
      () => reviewer.get(`/v1/incidents?number=${number}`),
      (answer) => answer.body.items.length > 0,
    );
    expect(body.items, number).toHaveLength(1);
    const [{ id }] = body.items;
    const entries = await until(
      `ledger entry of ${number}`,
      () => reviewer.get(`/v1/ledger/entries?objectType=incident&objectId=${id}`),
      (answer) => answer.body.items.length > 0,
    );
    expect(entries.body.items, number).toHaveLength(1);
  }
  const verified = (await reviewer.get('/v1/ledger/verify')).body;
  expect(verified).toMatchObject({ ok: true, breaks: [] });
  expect(incidents.length + mails.length).toBeGreaterThanOrEqual(ROUNDS * ACKNOWLEDGED_BEFORE_KILL);
}, 90_000);

async function incidentCreated(officer: Api, number: string): Promise<boolean> {
  // The session cookie outlives the process: the session is a row.
  const answer = await officer.post('/v1/incidents', { number, nature: 'FIRE' }).catch(() => null);
  return answer?.status === 201;
}

async function mailAccepted(smtpPort: number, address: string, number: string): Promise<boolean> {
  const text = `CALL: FIRE ALARM\nADDR: 12 MILL RD\nCITY: FAIRVALE\nID: ${number}\nINFO: test`;
  const mail = { subject: 'Dispatch', text, messageId: `<${number}@cad.fairvale.example>` };
  return sendMail(smtpPort, address, mail).then(
    () => true,
    () => false,
  );
}
