/** The frame that runs every operation, with operations of core-records and handlers made for it. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { busCall } from '#contracts/envelope.ts';
import { appendEvents } from '#contracts/ledger.ts';
import { operations } from '#contracts/operations.ts';
import type { Incident } from '#contracts/records/incident.ts';
import {
  createIncident,
  incidentHistory,
  listIncidents,
  readIncident,
} from '#contracts/records/incident.ts';
import type { Bus } from '#shared/ports/bus.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, openService, openTools } from '#shared/service.ts';
import { until } from '#test/support/api.ts';
import { openTestHost, person } from '#test/support/host.ts';

const tenant = randomUUIDv7();
const officer = person({ tenant, roles: ['officer'] });
const reviewer = person({ tenant, roles: ['reviewer'] });

function incident(fields: Partial<Incident> = {}): Incident {
  const now = new Date().toISOString();
  return {
    id: randomUUIDv7(),
    version: 1,
    status: 'open',
    needsReview: false,
    unsure: [],
    source: { type: 'manual' },
    messageIds: [],
    createdAt: now,
    updatedAt: now,
    ...fields,
  };
}

async function create(call: Call<typeof createIncident>) {
  const made = incident({ ...call.body } as Partial<Incident>);
  const committed = await call.commit({
    changes: [
      {
        put: { kind: 'incident', id: made.id, value: JSON.parse(JSON.stringify(made)) },
        expect: 0,
      },
    ],
    events: [call.event({ object: { type: 'incident', id: made.id, version: 1 } })],
    reply: { body: made, version: 1 },
  });
  if (!committed.ok) throw new Problem('conflict');
  return committed.reply;
}

/** The given handlers, and for the other operations of the service ones that nobody should reach. */
async function openFrame(...given: Handling[]) {
  const host = await openTestHost();
  const parts = await host.parts('core-records');
  const rest = operations
    .filter(({ service }) => service === 'core-records')
    .filter(({ name }) => !given.some(({ operation }) => operation.name === name))
    .map((operation) => handle(operation, () => Promise.reject(new Error('not this one'))));
  const tools = await openTools(parts);
  const service = await openService(parts, tools, [...given, ...rest]);
  const outbox = async () =>
    (await parts.tables.outbox({ after: 0, limit: 100 })).map((row) => row.event);
  return {
    ...host,
    parts,
    outbox,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** A ledger that takes everything and keeps nothing. */
async function acceptEvents(bus: Bus): Promise<AsyncDisposable> {
  let seq = 0;
  const served = await bus.serve(appendEvents.name, {
    inFlightMax: 8,
    async answer({ body }) {
      const { input } = busCall.parse(body);
      const { events } = appendEvents.body.parse(input.body);
      const leafHash = '0'.repeat(64);
      const results = events.map(({ id }) => ({ id, status: 'appended', seq: seq++, leafHash }));
      return { ok: true, body: { results } };
    },
  });
  return { [Symbol.asyncDispose]: () => served.stop() };
}

describe('the service frame', () => {
  test('does not start while an operation has no handler', async () => {
    await using host = await openTestHost();
    const parts = await host.parts('core-records');
    const tools = await openTools(parts);
    await using _ = tools.relay;
    const opening = openService(parts, tools, [handle(createIncident, create)]);
    await expect(opening).rejects.toThrow(/missing: .*core-records\.incident\.read/);
  });

  test('commits the row and its event together, and answers what the declaration says', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    const answer = await frame.client.call(createIncident, { body: { nature: 'FIRE' } }, officer);
    expect(answer).toMatchObject({ ok: true, version: 1, body: { nature: 'FIRE' } });
    const [event] = await frame.outbox();
    expect(event).toMatchObject({
      tenant,
      action: 'core-records.incident.created',
      object: { type: 'incident', id: answer.body.id, version: 1 },
      actor: { id: officer.subject.id },
    });
  });

  test('refuses who may not, before looking at the input, and records the refusal', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    const wrong = { body: { unheardOf: 1 } as never };
    const refused = frame.client.call(createIncident, wrong, reviewer);
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    const [event, ...others] = await frame.outbox();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      outcome: 'refused',
      object: { type: 'operation', id: 'core-records.incident.create' },
      actor: { id: reviewer.subject.id },
    });
  });

  test('names the field that is wrong', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    const input = { body: { nature: 'FIRE', adress: '1 ELM ST' } as never };
    await expect(frame.client.call(createIncident, input, officer)).rejects.toMatchObject({
      code: 'validation',
      particulars: { errors: [{ pointer: '#/body/adress' }] },
    });
    expect(await frame.outbox()).toEqual([]);
  });

  test('refuses a message that is no call, and a context that nobody signed', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    const { bus } = frame.host;
    const ask = (body: never) => bus.request(createIncident.name, body, { timeoutMs: 2_000 });
    expect(await ask('hello' as never)).toMatchObject({ problem: { code: 'validation' } });
    const input = { params: {}, query: {}, body: {} };
    const forged = await ask({ context: 'a.b.c', input } as never);
    expect(forged).toMatchObject({ ok: false, problem: { code: 'unauthenticated' } });
  });

  test('gives a repeated key the first answer, also to those who ask side by side', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    const ask = (nature: string, idempotencyKey: string, who = officer) =>
      frame.client.call(createIncident, { body: { nature } }, who, { idempotencyKey });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('FIRE', 'key-1')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await frame.outbox()).toHaveLength(1);
    await expect(ask('FLOOD', 'key-1')).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    const another = person({ tenant, roles: ['officer'] });
    expect((await ask('FIRE', 'key-1', another)).body.id).not.toBe(answers[0]?.body.id);
    await using _ = await acceptEvents(frame.host.bus);
    await until('the outbox', frame.outbox, (events) => events.length === 0);
    frame.advance(25 * 60 * 60 * 1000);
    expect((await ask('FLOOD', 'key-1')).body.nature).toBe('FLOOD');
  });

  test('removes answers that nobody can ask for any more, and those alone', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    await using _ = await acceptEvents(frame.host.bus);
    const rows = frame.parts.tables.forTenant(tenant);
    const answers = () => rows.list({ kind: 'idempotency', limit: 1_000 });
    const ask = (idempotencyKey: string) =>
      frame.client.call(createIncident, { body: { nature: 'FIRE' } }, officer, { idempotencyKey });
    // More than go into one write.
    for (let at = 0; at < 120; at += 1) await ask(`old-${at}`);
    expect(await answers()).toHaveLength(120);
    await until('the outbox', frame.outbox, (events) => events.length === 0);
    frame.advance(23 * 60 * 60 * 1000);
    const kept = await ask('young');
    expect(await answers()).toHaveLength(121);
    await until('the outbox', frame.outbox, (events) => events.length === 0);
    frame.advance(2 * 60 * 60 * 1000);
    await ask('new');
    const left = await until('the sweep', answers, (found) => found.length === 2);
    expect(JSON.stringify(left)).not.toContain('old-');
    expect((await ask('young')).body.id).toBe(kept.body.id);
    // What was done stands, whatever became of the answer.
    expect(await rows.list({ kind: 'incident', limit: 1_000 })).toHaveLength(122);
  });

  test('lets nothing out that the declaration does not name', async () => {
    const leaking = handle(readIncident, async () => {
      return { body: { ...incident(), passwordHash: 'x' } as Incident };
    });
    await using frame = await openFrame(leaking);
    const params = { id: randomUUIDv7() };
    const asked = frame.client.call(readIncident, { params }, officer);
    await expect(asked).rejects.toMatchObject({ code: 'internal' });
  });

  test('keeps the text of an unexpected error inside', async () => {
    const failing = handle(listIncidents, () => Promise.reject(new Error('secret of the house')));
    await using frame = await openFrame(failing);
    const error = await frame.client.call(listIncidents, {}, officer).catch((thrown) => thrown);
    expect(error.code).toBe('internal');
    expect(JSON.stringify(error.toBody())).not.toContain('secret');
  });

  test('carries the ledger’s receipt to those who are willing to wait for it', async () => {
    await using frame = await openFrame(handle(createIncident, create));
    await using _ = await acceptEvents(frame.host.bus);
    const options = { receiptWaitMs: 5_000 };
    const answers = [];
    for (const nature of ['FIRE', 'FLOOD']) {
      answers.push(await frame.client.call(createIncident, { body: { nature } }, officer, options));
    }
    expect(answers.map(({ receipt }) => receipt?.seq)).toEqual([0, 1]);
  });

  test('refuses changes while the ledger is behind, and only those', async () => {
    const reading = handle(incidentHistory, async () => ({ body: { items: [] } }));
    await using frame = await openFrame(handle(createIncident, create), reading);
    // Nobody serves the ledger here, so the first event waits and grows old.
    await frame.client.call(createIncident, { body: { nature: 'FIRE' } }, officer);
    frame.advance(61_000);
    const refused = frame.client.call(createIncident, { body: { nature: 'FLOOD' } }, officer);
    await expect(refused).rejects.toMatchObject({
      code: 'ledger-behind',
      particulars: { retryAfterSeconds: 5 },
    });
    const params = { id: randomUUIDv7() };
    expect((await frame.client.call(incidentHistory, { params }, officer)).ok).toBe(true);
    expect(await frame.outbox()).toHaveLength(1);
  });
});
