/**
 * The SMTP door (RFC 5321). It takes mail for the addresses of sources and for nobody else.
 *
 * - `RCPT TO` an address that leads to no source: 550 5.1.1, the same for every reason.
 * - Trouble of ours, at any step: 451. The sender keeps the mail and tries again.
 * - 250 after `DATA` only when the mail is durable for every recipient.
 *
 * There is no authentication and no relaying. STARTTLS is offered where a key is configured.
 */
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { MAIL_BYTES_MAX } from '#contracts/limits.ts';
import type { Log } from '#shared/log.ts';
import { Problem } from '#shared/problem.ts';
import type { Inbox, Intake } from './intake.ts';
import { openSessions, smtpError } from './smtp-sessions.ts';

const RECIPIENTS_MAX = 20;
const CONNECTIONS_MAX = 200;
/** A client that is silent for so long is gone. */
const IDLE_MS_MAX = 60_000;
/** RFC 5321 section 4.5.3.1.4 asks for 512 bytes; addresses and parameters can be longer. */
const COMMAND_BYTES_MAX = 2_048;
/** Mails being received at a time, in bytes. Each is in memory, twice for a moment, until it is kept. */
const BUFFERED_BYTES_MAX = 128 * 1024 * 1024;
/** What is in hand may end; the whole process has 25 s to stop. */
const STOP_MS_MAX = 5_000;

export interface SmtpSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface SmtpDoor extends AsyncDisposable {
  readonly port: number;
}

interface Parts {
  readonly intake: Intake;
  readonly mailDomain: string;
  readonly log: Log;
  readonly clock: () => number;
}

export async function openSmtp(settings: SmtpSettings, parts: Parts): Promise<SmtpDoor> {
  const { log, mailDomain } = parts;
  const sessions = openSessions(parts.clock);
  const room = openRoom(BUFFERED_BYTES_MAX);
  const server = new SMTPServer({
    ...(await protocolOf(settings, mailDomain)),
    onConnect: (session, answer) => answer(sessions.open(session.id, session.remoteAddress)),
    onClose: (session) => sessions.close(session.id),
    onRcptTo({ address }, session, answer) {
      reply(parts, answer, async () => {
        const inbox = await parts.intake.findInbox(address);
        if (inbox === undefined) throw sessions.refusal(session.id);
      });
    },
    onData(stream, session, answer) {
      const work = () => receive({ ...parts, room, stream, session });
      reply(parts, answer, () => sessions.busy(session.id, work));
    },
  });
  // Errors of clients: broken handshakes, connections that end in the middle.
  server.on('error', (error) => log.debug({ err: error }, 'a client failed'));
  await listening(server, settings);
  const stopClosing = sessions.closeOld(server);
  return {
    port: (server.server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      stopClosing();
      const closed = new Promise<void>((resolve) => server.close(resolve));
      sessions.closeIdle(server);
      await closed;
    },
  };
}

/** Everything about the protocol that is not ours to decide per mail. */
async function protocolOf({ tls }: SmtpSettings, name: string) {
  const secrets = tls && { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) };
  return {
    name,
    ...secrets,
    disabledCommands: secrets === undefined ? ['AUTH', 'STARTTLS'] : ['AUTH'],
    disableReverseLookup: true,
    hideSMTPUTF8: true,
    hideENHANCEDSTATUSCODES: false,
    size: MAIL_BYTES_MAX,
    rejectOversized: true,
    maxRecipients: RECIPIENTS_MAX,
    maxClients: CONNECTIONS_MAX,
    maxCommandLength: COMMAND_BYTES_MAX,
    socketTimeout: IDLE_MS_MAX,
    closeTimeout: STOP_MS_MAX,
  };
}

/** Answers a command by what the work comes to; an error that is no reply is trouble of ours. */
function reply(
  { log }: Parts,
  answer: (error?: Error | null) => void,
  work: () => Promise<void>,
): void {
  work().then(
    () => answer(),
    (error: unknown) => {
      if (error instanceof Error && 'responseCode' in error) return answer(error);
      const code = error instanceof Problem ? error.code : undefined;
      log.error({ code, err: error }, 'a mail could not be taken');
      answer(smtpError(451, 'Trouble on our side, please try again'));
    },
  );
}

async function receive(
  about: Parts & {
    readonly room: Room;
    readonly stream: SMTPServerDataStream;
    readonly session: SMTPServerSession;
  },
): Promise<void> {
  const { intake, room, stream, session } = about;
  using held = room.hold();
  const raw = await collect(stream, held);
  // Over the limit: the server answers 552 whatever is said here.
  if (raw === undefined) return;
  const inboxes: Inbox[] = [];
  for (const { address } of session.envelope.rcptTo) {
    const inbox = await intake.findInbox(address);
    if (inbox === undefined) throw new Error('a source is gone since its address was taken');
    inboxes.push(inbox);
  }
  const { mailFrom } = session.envelope;
  const mail = {
    raw,
    envelopeSender: mailFrom === false ? '' : mailFrom.address,
    remoteAddress: session.remoteAddress,
    helo: session.hostNameAppearsAs,
  };
  await intake.receive(mail, inboxes);
}

/** The whole mail; `undefined` when it is larger than allowed. */
async function collect(stream: SMTPServerDataStream, held: Held): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let overfull = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      overfull ||= stream.sizeExceeded || !held.take(chunk.length);
      // Read to its end in any case: the reply comes after the last byte.
      if (overfull) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch {
    // The client went away in the middle. Nobody hears the reply, and nothing was kept.
    throw smtpError(451, 'The connection ended before the mail did');
  }
  if (stream.sizeExceeded) return undefined;
  if (overfull) throw smtpError(451, 'Too much mail at a time, please try again');
  return Buffer.concat(chunks);
}

interface Held extends Disposable {
  /** `false` when there is no room for so many bytes. */
  take(bytes: number): boolean;
}
interface Room {
  hold(): Held;
}

/** Memory that all connections share. */
function openRoom(bytesMax: number): Room {
  let used = 0;
  return {
    hold() {
      let mine = 0;
      return {
        take(bytes) {
          if (used + bytes > bytesMax) return false;
          used += bytes;
          mine += bytes;
          return true;
        },
        [Symbol.dispose]() {
          used -= mine;
        },
      };
    },
  };
}

function listening(server: SMTPServer, { host, port }: SmtpSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, () => {
      server.server.off('error', reject);
      resolve();
    });
  });
}
