/**
 * A way of bytes that can be cut and slowed, on every machine. Cut, it is what a partition of a
 * network is to both ends: nothing comes through, not even that the other end has closed; what was
 * sent comes when it is mended, if the connection is still wanted then.
 */
import { once } from 'node:events';
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What can happen to a link between two ends. */
export interface Link {
  cut(): void;
  slow(): void;
  mend(): void;
}

export interface FaultyLink extends Link, AsyncDisposable {
  readonly port: number;
  /** Connections that were ever asked for. */
  asked(): number;
}

/** Both ways; a request and its answer over one slow link take twice that, and TLS begins with more. */
const SLOW_MS = 150;

export async function openFaultyLink(to: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultyLink> {
  let delayMs = 0;
  let open = Promise.resolve();
  let mend: () => void = () => undefined;
  let asked = 0;
  let isCut = false;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    asked += 1;
    keep(near);
    // The other end is asked when the link is whole: until then nobody answers.
    void open.then(() => {
      if (near.destroyed) return;
      const far = openSocket({ ...to, allowHalfOpen: true });
      keep(far);
      void carry(near, far);
      void carry(far, near);
    });
  });

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Seen by `carry` as the end of what comes.
    socket.on('error', () => undefined);
  }

  /** One at a time and in order, each as late as the link is slow when it comes. */
  async function carry(from: Socket, into: Socket): Promise<void> {
    let last = Promise.resolve();
    const later = (deliver: () => void) => {
      const due = performance.now() + delayMs;
      last = last.then(async () => {
        const waitMs = due - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        await open;
        if (!into.destroyed) deliver();
      });
    };
    from.on('data', (bytes) => later(() => void into.write(bytes)));
    if (isCut) from.pause();
    from.on('end', () => later(() => void into.end()));
    from.on('close', () => later(() => void into.destroy()));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    asked: () => asked,
    cut() {
      mend();
      isCut = true;
      // What is sent then fills the ends' own buffers, as it does where a cable is out.
      for (const socket of sockets) socket.pause();
      const { promise, resolve } = Promise.withResolvers<void>();
      [open, mend] = [promise, resolve];
    },
    slow() {
      delayMs = SLOW_MS;
    },
    mend() {
      delayMs = 0;
      isCut = false;
      mend();
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      mend();
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
