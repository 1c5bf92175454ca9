/** A relay that takes mail, or says what it is told to say. */
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/** An answer of SMTP, such as `550 5.1.1 No such user`; absent: it is taken. */
type Answer = string | undefined;

export interface SmtpRelay extends AsyncDisposable {
  readonly url: string;
  /** What was taken so far: to whom, and the mail. */
  readonly taken: readonly { readonly to: string; readonly raw: Buffer }[];
}

export async function openSmtpRelay(
  says: {
    readonly recipient?: (address: string) => Answer;
    readonly data?: () => Answer;
    readonly signIn?: { readonly user: string; readonly password: string };
  } = {},
): Promise<SmtpRelay> {
  const { signIn } = says;
  const taken: { to: string; raw: Buffer }[] = [];
  const server = new SMTPServer({
    authOptional: signIn === undefined,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      const isRight = username === signIn?.user && password === signIn?.password;
      done(isRight ? null : errorOf('535 5.7.8 No'), isRight ? { user: username } : undefined);
    },
    onRcptTo: ({ address }, _session, done) => done(errorOf(says.recipient?.(address))),
    onData(stream, { envelope }, done) {
      void buffer(stream).then((raw) => {
        const error = errorOf(says.data?.());
        if (error === null) {
          for (const { address } of envelope.rcptTo) taken.push({ to: address, raw });
        }
        done(error);
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    taken,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function errorOf(answer: Answer): Error | null {
  if (answer === undefined) return null;
  const [code, ...words] = answer.split(' ');
  return Object.assign(new Error(words.join(' ')), { responseCode: Number(code) });
}
