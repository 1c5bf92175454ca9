import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A client that says exactly what it is told, byte for byte, and hears the replies. */
export interface Dialog extends AsyncDisposable {
  readonly greeting: string;
  /** Sends a line; answers all lines of the reply. */
  say(line: string): Promise<string>;
  /** One mail from `MAIL FROM` to the end of `DATA`; answers the last reply, or the first refusal. */
  mail(raw: Buffer | string, envelope: { from?: string; to: string }): Promise<string>;
  write(bytes: Buffer | string): void;
  /** Goes on inside of TLS, after `STARTTLS` was answered. */
  upgrade(certificate: string): Promise<void>;
  /** Resolves when the other side has closed. */
  closed(): Promise<void>;
  hangUp(): void;
}

export async function openDialog(port: number): Promise<Dialog> {
  let socket: Socket = connect(port, '127.0.0.1');
  let replies = openReplies(socket);
  const say = async (line: string) => {
    socket.write(`${line}\r\n`);
    return replies.next();
  };
  return {
    greeting: await replies.next(),
    say,
    async mail(raw, { from = 'desk@county.example', to }) {
      for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
        const answer = await say(line);
        if (/^[45]/.test(answer)) return answer;
      }
      const stuffed = Buffer.from(raw)
        .toString('latin1')
        .replaceAll(/(^|\n)\./g, '$1..');
      socket.write(Buffer.from(stuffed, 'latin1'));
      return say('\r\n.');
    },
    write: (bytes) => void socket.write(bytes),
    async upgrade(certificate) {
      socket.removeAllListeners('data');
      const secure = connectTls({ socket, ca: certificate, servername: 'desk.example' });
      await once(secure, 'secureConnect');
      socket = secure;
      replies = openReplies(secure);
    },
    async closed() {
      if (!socket.destroyed) await once(socket, 'close');
    },
    hangUp: () => void socket.destroy(),
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

function openReplies(socket: Socket) {
  let text = '';
  let wake: (() => void) | undefined;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake?.();
  });
  socket.on('error', () => wake?.());
  socket.on('close', () => wake?.());
  return {
    /** The next whole reply; what there is when the connection ends. */
    async next(): Promise<string> {
      for (;;) {
        const reply = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text)?.[0];
        if (reply !== undefined) {
          text = text.slice(reply.length);
          return reply.trimEnd();
        }
        if (socket.destroyed) return text;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
