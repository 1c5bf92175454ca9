import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { REQUEST_TIMEOUT_MS } from '#contracts/limits.ts';
import { openTestGateway } from '#test/support/http.ts';

// Connections that send a byte now and then must not hold what others need (Slowloris).
test(
  'a body that does not come to its end in time is 408, and the connection is closed',
  async () => {
    await using gateway = await openTestGateway();
    const { port } = gateway.gateway;
    const socket = connect(port, '127.0.0.1');
    const head = `POST /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json`;
    socket.write(`${head}\r\ncontent-length: 100\r\n\r\n{`);
    const dripping = setInterval(() => socket.write(' '), 1_000);
    const answer = await textOf(socket);
    clearInterval(dripping);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/"code":"request-timeout"/);
    expect(answer).toMatch(/x-content-type-options: nosniff/);
  },
  REQUEST_TIMEOUT_MS + 20_000,
);
