import { expect, test } from 'vitest';
import { openBus } from '#shared/embedded/bus.ts';
import { openMetrics } from '#shared/metrics.ts';
import type { Bus } from '#shared/ports/bus.ts';
import { openProbes } from '#shared/probes.ts';

async function asked(bus: Bus, path: string, method = 'GET') {
  const metrics = openMetrics();
  metrics.alarm('dead-letter');
  await using probes = await openProbes({ host: '127.0.0.1', port: 0, bus, metrics });
  const response = await fetch(`http://127.0.0.1:${probes.port}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

test('a process is alive while it answers, and ready while it reaches the bus', async () => {
  await using bus = openBus();
  expect(await asked(bus, '/healthz')).toEqual({ status: 200, text: 'alive\n' });
  expect(await asked(bus, '/readyz')).toEqual({ status: 200, text: 'ready\n' });
});

test('a process that does not reach the bus is alive and not ready', async () => {
  await using bus = openBus();
  const cutOff = { ...bus, ping: () => Promise.reject(new Error('no connection')) };
  expect((await asked(cutOff, '/healthz')).status).toBe(200);
  expect((await asked(cutOff, '/readyz')).status).toBe(503);
});

test('figures are given, alarms among them', async () => {
  await using bus = openBus();
  const { status, text } = await asked(bus, '/metrics');
  expect(status).toBe(200);
  expect(text).toContain('watchdesk_alarms_total{kind="dead-letter"} 1');
});

test('nothing else is answered', async () => {
  await using bus = openBus();
  expect((await asked(bus, '/')).status).toBe(404);
  expect((await asked(bus, '/metrics', 'POST')).status).toBe(405);
});

test('an alarm is said once where it is read', () => {
  const said: string[] = [];
  openMetrics((kind) => said.push(kind)).alarm('parse-failed');
  expect(said).toEqual(['parse-failed']);
});
