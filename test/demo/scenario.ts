/**
 * The main job from the outside, over HTTP and SMTP alone: a department is made, its dispatch
 * centre sends mail, incidents appear, and the ledger proves what happened. The demo prints it; the
 * end-to-end tests run it against one process and against five.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { verifyInclusion } from '#services/ledger/portable/verify.ts';
import { type Api, openApi, signIn, until } from '#test/support/api.ts';
import { type DemoMail, demoMails } from './mails.ts';

export interface Stage {
  readonly origin: string;
  readonly smtpPort: number;
  readonly firstRun: { readonly email: string; readonly password: string };
  /** Where the centre's mail comes from; absent: this machine. */
  readonly mailNetworks?: readonly string[];
  /** Behind the names of the departments, so that they are others each time. */
  readonly run?: string;
  /** Hears a line for each step that was carried out and checked. */
  readonly tell: (line: string) => void;
}

export interface Department {
  readonly tenantId: string;
  readonly admin: Api;
  readonly officer: Api;
  readonly reviewer: Api;
  readonly signIns: readonly { role: string; email: string; password: string }[];
}

export interface Outcome extends Department {
  readonly address: string;
  // biome-ignore lint/suspicious/noExplicitAny: incidents as the API shows them
  readonly incidents: readonly any[];
  readonly ledger: { size: number; root: string; elapsedMs: number };
}

const CENTRE = 'dispatch@cad.fairvale.example';
const PASSWORD_NOTE = 'demonstration only';

/** Every step is checked; the first that does not hold rejects with what was seen. */
export async function runScenario(stage: Stage): Promise<Outcome> {
  const { origin, tell } = stage;
  const platform = await signIn(origin, stage.firstRun.email, stage.firstRun.password);
  tell('platform administrator signed in with the first-run password');
  const department = await makeDepartment(stage, platform, `fairvale${stage.run ?? ''}`);
  const { address } = await makeSource(department.admin, stage.mailNetworks);
  tell(`CAD source made; the centre sends its mail to ${address}`);
  await sendMails(stage, address);
  const incidents = await checkIncidents(department.officer);
  tell(
    `${demoMails.length} mails became ${incidents.length} incidents; the one sent twice only one`,
  );
  await checkRefusals(stage, department, address);
  await changeAndAttach(department, incidents[0].id);
  tell('an incident was corrected and a file attached to it');
  await checkIsolation(stage, platform, incidents[0].id);
  tell('another department gets 404 for all of it');
  const ledger = await checkLedger(department, incidents[0].id);
  tell(`ledger of ${ledger.size} entries verified; one entry proved by the portable verifier`);
  return { ...department, address, incidents, ledger };
}

/** Makes a tenant, and people who set their own passwords. */
export async function makeDepartment(
  { origin, tell }: Stage,
  platform: Api,
  slug: string,
): Promise<Department> {
  const domain = `${slug}.example`;
  const made = await platform.post('/v1/tenants', {
    slug,
    name: `${slug[0]?.toUpperCase()}${slug.slice(1)} Fire Department`,
    timeZone: 'America/Chicago',
    state: 'IL',
    admin: { email: `chief@${domain}`, name: 'Chief Alder' },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const signIns = [{ role: 'admin', email: `chief@${domain}`, password: passwordOf('admin') }];
  await accept(origin, made.body.invitation.token, passwordOf('admin'));
  const admin = await signIn(origin, `chief@${domain}`, passwordOf('admin'));
  for (const role of ['supervisor', 'officer', 'reviewer']) {
    const email = `${role}@${domain}`;
    const invited = await admin.post('/v1/users', { email, name: `Demo ${role}`, roles: [role] });
    assert.equal(invited.status, 201, JSON.stringify(invited.body));
    await accept(origin, invited.body.invitation.token, passwordOf(role));
    signIns.push({ role, email, password: passwordOf(role) });
  }
  tell(
    `department "${made.body.name}" with ${signIns.length} people, each with their own password`,
  );
  const officer = await signIn(origin, `officer@${domain}`, passwordOf('officer'));
  const reviewer = await signIn(origin, `reviewer@${domain}`, passwordOf('reviewer'));
  return { tenantId: made.body.id, admin, officer, reviewer, signIns };
}

/** A source whose centre sits on this machine's network, or on the one given. */
export async function makeSource(
  admin: Api,
  networks: readonly string[] = ['127.0.0.0/8', '::1/128'],
): Promise<{ id: string; address: string }> {
  const made = await admin.post('/v1/cad/sources', {
    name: 'Fairvale County 911',
    senders: [CENTRE],
    trust: 'listed',
    networks,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

/** Sends a mail as the dispatch centre does; rejects with the SMTP reply when it is refused. */
export async function sendMail(
  smtpPort: number,
  to: string,
  mail: Pick<DemoMail, 'subject' | 'text' | 'html'> & { readonly messageId: string },
  from = CENTRE,
): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, secure: false });
  try {
    await transport.sendMail({ from, to, date: new Date('2031-01-02T10:05:06Z'), ...mail });
  } finally {
    transport.close();
  }
}

async function sendMails({ smtpPort, tell }: Stage, address: string): Promise<void> {
  for (const [index, mail] of demoMails.entries()) {
    await sendMail(smtpPort, address, {
      ...mail,
      messageId: `<demo-${index}@cad.fairvale.example>`,
    });
    tell(`mail accepted: ${mail.title}`);
  }
  const [first] = demoMails;
  assert.ok(first);
  await sendMail(smtpPort, address, { ...first, messageId: '<demo-0@cad.fairvale.example>' });
  tell('the first mail accepted a second time');
}

async function checkIncidents(officer: Api) {
  const listed = await until(
    'incidents of the mails',
    () => officer.get('/v1/incidents'),
    ({ body }) => body.items?.length >= demoMails.length,
  );
  const incidents = listed.body.items;
  assert.equal(incidents.length, demoMails.length, 'a repeated mail made a second incident');
  for (const { title, expected } of demoMails) {
    const found = incidents.filter(
      // biome-ignore lint/suspicious/noExplicitAny: incidents as the API shows them
      (incident: any) =>
        expected === undefined
          ? incident.needsReview && incident.address === undefined
          : incident.nature === expected.nature && incident.address === expected.address,
    );
    assert.equal(found.length, 1, `${title}: ${JSON.stringify(incidents)}`);
    assert.equal(found[0].source.type, 'cad');
  }
  return incidents;
}

async function checkRefusals(
  { smtpPort, tell }: Stage,
  { admin, officer }: Department,
  to: string,
) {
  const mail = {
    subject: 'x',
    text: 'NATURE: FIRE\nADDRESS: 1 ELM ST',
    messageId: '<s@x.example>',
  };
  await sendMail(smtpPort, to, mail, 'somebody@elsewhere.example');
  const held = await until(
    'the mail of a stranger',
    () => admin.get('/v1/cad/messages?status=quarantined'),
    ({ body }) => body.items?.length === 1,
  );
  assert.equal(held.body.items[0].incidentId, undefined);
  tell(`a stranger's mail is held: ${held.body.items[0].trust.reasons[0]}`);
  const unknown = to.replace(/\+[^@]+@/, '+nosuchaddress@');
  await assert.rejects(sendMail(smtpPort, unknown, mail), /550/);
  tell('mail to an unknown address is refused with 550');
  const refused = await officer.post('/v1/users', {
    email: 'x@fairvale.example',
    name: 'X',
    roles: ['admin'],
  });
  assert.equal(refused.status, 403);
  const mended = await officer.post('/v1/incidents', { nature: 'FIRE', adress: '1 ELM ST' });
  assert.equal(mended.status, 400);
  assert.match(JSON.stringify(mended.body.errors), /adress/);
  tell('a forbidden call and an unknown field are refused with a problem that names them');
}

async function changeAndAttach({ officer }: Department, id: string): Promise<void> {
  const before = await officer.get(`/v1/incidents/${id}`);
  const etag = before.headers.get('etag') ?? '';
  const changed = await officer.patch(
    `/v1/incidents/${id}`,
    { channel: 'TAC 2' },
    { 'if-match': etag },
  );
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const stale = await officer.patch(
    `/v1/incidents/${id}`,
    { channel: 'TAC 3' },
    { 'if-match': etag },
  );
  assert.equal(stale.status, 412, 'a stale If-Match was not refused');
  const history = await officer.get(`/v1/incidents/${id}/history`);
  assert.equal(history.body.items.length, 2);
  const bytes = Buffer.from('Sketch of the scene: hydrant at the corner of Mill Rd.\n');
  const begun = await officer.post('/v1/files', {
    name: 'scene-notes.txt',
    contentType: 'text/plain',
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    attachTo: { type: 'incident', id },
  });
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  const { url, method, headers } = begun.body.upload;
  const put = await fetch(url, { method, headers, body: bytes });
  assert.ok(put.ok, `upload answered ${put.status}`);
  const finished = await officer.post(`/v1/files/${begun.body.id}/finish`);
  assert.equal(finished.status, 200, JSON.stringify(finished.body));
  const link = await officer.get(`/v1/files/${begun.body.id}/url`);
  const back = Buffer.from(await (await fetch(link.body.url)).arrayBuffer());
  assert.ok(back.equals(bytes), 'the file did not come back as it was put');
}

async function checkIsolation(stage: Stage, platform: Api, id: string): Promise<void> {
  const quiet = { ...stage, tell: () => undefined };
  const other = await makeDepartment(quiet, platform, `elsewhere${stage.run ?? ''}`);
  for (const path of [`/v1/incidents/${id}`, `/v1/incidents/${id}/history`]) {
    assert.equal((await other.admin.get(path)).status, 404, path);
  }
  assert.equal((await other.admin.get('/v1/incidents')).body.items.length, 0);
  assert.equal((await openApi(stage.origin).get(`/v1/incidents/${id}`)).status, 401);
}

async function checkLedger({ reviewer }: Department, incidentId: string) {
  const found = await until(
    'the entries of the incident',
    () => reviewer.get(`/v1/ledger/entries?objectType=incident&objectId=${incidentId}`),
    ({ body }) => body.items?.length >= 2,
  );
  const [entry] = found.body.items;
  const verified = (await reviewer.get('/v1/ledger/verify')).body;
  assert.equal(verified.ok, true, JSON.stringify(verified));
  assert.deepEqual(verified.breaks, []);
  assert.equal(verified.checkedEntries, verified.size);
  const read = await reviewer.get(`/v1/ledger/entries/${entry.seq}`);
  const proof = (await reviewer.get(`/v1/ledger/entries/${entry.seq}/proof`)).body;
  const bytes = Buffer.from(read.body.bytes, 'base64');
  const { hashes, checkpoint, verifierKey, seq } = proof;
  const proved = await verifyInclusion({ seq, entry: bytes, hashes, checkpoint, verifierKey });
  assert.equal(proved.ok, true, JSON.stringify(proved));
  // The check must be able to fail: one altered byte of the entry is not provable.
  const altered = Buffer.from(bytes);
  altered.writeUInt8(altered.readUInt8(10) ^ 1, 10);
  const forged = await verifyInclusion({ seq, entry: altered, hashes, checkpoint, verifierKey });
  assert.equal(forged.ok, false, 'a forged entry was proved');
  return { size: verified.size, root: verified.root, elapsedMs: verified.elapsedMs };
}

async function accept(origin: string, token: string, password: string): Promise<void> {
  const answer = await openApi(origin).post(`/v1/invitations/${token}/accept`, { password });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function passwordOf(role: string): string {
  return `${role} ${PASSWORD_NOTE}`;
}
