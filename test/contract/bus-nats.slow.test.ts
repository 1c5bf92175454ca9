/** What only shows after the heartbeats of a connection: a link that died without a word. */
import { expect, test } from 'vitest';
import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import { openNatsBus } from '#shared/nats/bus.ts';
import { until } from '#test/support/api.ts';
import { hasNatsServer, startNatsServer } from '#test/support/engines.ts';
import { openFaultyLink } from '#test/support/faulty-link.ts';

/** More than the buffers of two sockets hold. */
const MESSAGES = 64;
/** Three heartbeats, on a busy machine. */
const GIVEN_UP_MS_MAX = 90_000;

test.skipIf(!hasNatsServer())(
  'a link that nothing comes through any more is given up, however much waits to be sent, and never sent late',
  async () => {
    await using server = await startNatsServer();
    const { hostname, port } = new URL(server.url);
    await using link = await openFaultyLink({ host: hostname, port: Number(port) });
    await using far = await openNatsBus({ url: server.url, name: 'gateway' });
    await using near = await openNatsBus({
      url: `nats://127.0.0.1:${link.port}`,
      name: 'core-records',
    });
    const heard: unknown[] = [];
    const firstOf = (body: unknown) => (Array.isArray(body) ? body[0] : body);
    await far.listen('news.*', (_, body) => heard.push(firstOf(body)));

    const before = link.asked();
    link.cut();
    const filling = 'x'.repeat(BUS_MESSAGE_BYTES_MAX - 100);
    for (let serial = 1; serial <= MESSAGES; serial += 1)
      await near.publish('news.a', [serial, filling]);
    const asked = async () => link.asked();
    await until('another connection', asked, (count) => count > before, GIVEN_UP_MS_MAX);
    await expect(near.ping()).rejects.toMatchObject({ code: 'unavailable' });

    link.mend();
    const reached = () =>
      near.ping().then(
        () => true,
        () => false,
      );
    await until('the bus', reached, (isReached) => isReached, GIVEN_UP_MS_MAX);
    await near.publish('news.a', 'back');
    await until(
      'news',
      async () => heard,
      (all) => all.includes('back'),
    );
    expect(heard).not.toContain(MESSAGES);
  },
);
