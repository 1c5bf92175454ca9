/**
 * What machines ask: is the process alive, does it take requests, what are its figures. They are
 * asked by address and often, so that neither host check nor limits apply.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '#shared/metrics.ts';
import type { Bus } from '#shared/ports/bus.ts';
import { reaches } from '#shared/probes.ts';
import { Problem } from '#shared/problem.ts';
import { refuseOtherMethods } from './routes.ts';

const config = { door: 'probe' } as const;

export function addProbes(
  app: FastifyInstance,
  parts: {
    readonly bus: Bus;
    readonly metrics: Metrics;
    readonly isStopping: () => boolean;
  },
): void {
  const { bus, metrics, isStopping } = parts;
  app.get('/healthz', { config }, async () => ({ status: 'alive' }));
  app.get('/readyz', { config }, async () => {
    if (isStopping()) throw notReady('The gateway is stopping.');
    if (!(await reaches(bus))) throw notReady('The bus does not answer.');
    return { status: 'ready' };
  });
  app.get('/metrics', { config }, async (request, reply) => {
    if (!isScraper(request)) throw new Problem('not-found');
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  for (const path of ['/healthz', '/readyz', '/metrics'])
    refuseOtherMethods(app, path, ['GET', 'HEAD']);
}

const near = new BlockList();
near.addSubnet('127.0.0.0', 8);
near.addSubnet('10.0.0.0', 8);
near.addSubnet('172.16.0.0', 12);
near.addSubnet('192.168.0.0', 16);
near.addSubnet('169.254.0.0', 16);
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');
near.addSubnet('fe80::', 10, 'ipv6');

/**
 * The figures hold names of operations and counts, nothing of a tenant; still they are for those who
 * run the machine. A scraper comes from the machine or its private network, and directly: what came
 * through a proxy came from outside.
 */
function isScraper({ raw, headers }: FastifyRequest): boolean {
  const isForwarded = ['x-forwarded-for', 'forwarded', 'via'].some((name) => name in headers);
  const address = raw.socket.remoteAddress ?? '';
  return !isForwarded && near.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function notReady(detail: string): Problem {
  return new Problem('unavailable', { detail, retryAfterSeconds: 1 });
}
