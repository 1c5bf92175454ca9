/** What is told of a source that sends, fails and falls silent. */
import { expect, test } from 'vitest';
import { readCadSource } from '#contracts/cad-sources.ts';
import { watchOf } from '#services/cad-ingest/health/watch.ts';
import { INDEX_KIND } from '#services/cad-ingest/message.ts';
import { openTools } from '#shared/service.ts';
import { until } from '#test/support/api.ts';
import { department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

const HOUR = 60 * 60_000;

/** The index of mails that came every hour for ten days: a UUIDv7 begins with its time. */
function hourlyIds(sourceId: string, now: number): string[] {
  return Array.from({ length: 240 }, (_, index) => {
    const hex = (now - (241 - index) * HOUR).toString(16).padStart(12, '0');
    return `source/${sourceId}/${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
  });
}

test('a source that falls silent is an alarm and an event once, with two processes; a mail ends it', async () => {
  await using desk = await openDesk();
  const own = department(desk);
  const source = await own.source();
  const health = async () =>
    (await desk.client.call(readCadSource, { params: { id: source.id } }, own.admin)).body.health;
  expect(await health()).toEqual({
    day: { mails: 0, failed: 0, unread: 0, quarantined: 0, failureRate: 0 },
    week: { mails: 0, failed: 0, unread: 0, quarantined: 0, failureRate: 0 },
    silence: { alarm: false },
  });
  const parts = await desk.test.parts('cad-ingest');
  for (const id of hourlyIds(source.id, desk.test.clock())) {
    const put = { kind: INDEX_KIND, id, value: null };
    await parts.tables
      .forTenant(own.tenant)
      .write({ changes: [{ put, expect: 0 }], events: [], unaudited: 'a test' });
  }
  await using tools = await openTools(parts).then(({ relay }) => relay);
  const watches = [1, 2].map(() => watchOf({ ...parts, relay: tools }));
  const watch = () => Promise.all(watches.map((each) => each()));
  const told = (action: string) =>
    desk.events.filter((event) => event.action === `cad-ingest.source.${action}`);
  await watch();
  expect(await health()).toMatchObject({
    lastMailAt: expect.any(String),
    week: { mails: 166 },
    silence: { alarm: false, expectedBy: expect.any(String) },
  });
  desk.test.advance(48 * HOUR);
  await watch();
  await watch();
  const since = (await health())?.silence.since;
  expect(await health()).toMatchObject({ silence: { alarm: true, since: expect.any(String) } });
  await until(
    'the event',
    async () => told('fell-silent'),
    (all) => all.length > 0,
  );
  const metrics = await parts.metrics.text();
  expect(metrics).toContain('watchdesk_alarms_total{kind="source-silent"} 1');
  expect(metrics).toContain('watchdesk_cad_sources_silent 1');
  await desk.send(dispatchMail(), source.address);
  await own.messageOnce('processed');
  // The ids of mails are made by the clock of the machine, which the test's runs ahead of.
  const hex = desk.test.clock().toString(16).padStart(12, '0');
  const put = {
    kind: INDEX_KIND,
    id: `source/${source.id}/${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`,
    value: null,
  };
  await parts.tables
    .forTenant(own.tenant)
    .write({ changes: [{ put, expect: 0 }], events: [], unaudited: 'a test' });
  await watch();
  expect(await health()).toMatchObject({ day: { mails: 1 }, silence: { alarm: false } });
  await until(
    'the event',
    async () => told('heard-again'),
    (all) => all.length > 0,
  );
  expect([told('fell-silent').length, told('heard-again').length]).toEqual([1, 1]);
  expect(since).toMatch(/Z$/);
  expect(await parts.metrics.text()).toContain('watchdesk_cad_sources_silent 0');
});

test('mails that could not be read or were not trusted are counted', async () => {
  await using desk = await openDesk();
  const own = department(desk);
  const source = await own.source();
  await desk.send(dispatchMail(), source.address);
  const nested = 'Content-Type: multipart/mixed; boundary=a\r\n'.repeat(30);
  await desk.send(dispatchMail({ body: nested }), source.address);
  await desk.send(dispatchMail({ from: 'stranger@county.example' }), source.address);
  await own.incidentsOnce(2);
  await until(
    'the messages',
    () => own.messages({ status: 'processed' }),
    (all) => all.length === 2,
  );
  const { health } = (
    await desk.client.call(readCadSource, { params: { id: source.id } }, own.admin)
  ).body;
  expect(health?.day).toEqual({
    mails: 3,
    failed: 0,
    unread: 1,
    quarantined: 1,
    failureRate: 0.333,
  });
});
