import type { SMTPServer } from 'smtp-server';

/** One sender may not take the places of all others. */
const CONNECTIONS_PER_ADDRESS_MAX = 40;
/** However busy it is; a client that drips bytes never becomes idle. */
const SESSION_MS_MAX = 10 * 60_000;
const LOOK_EVERY_MS = 1_000;
/** A client that names so many unknown recipients is guessing. */
const REFUSALS_MAX = 5;

/** An error that the SMTP server turns into a reply; the text is for the other side. */
export function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

/** What is remembered of each connection, to keep any one client within its share. */
export interface Sessions {
  /** The refusal for a connection too many; `undefined` when it may stay. */
  open(id: string, address: string): Error | undefined;
  close(id: string): void;
  /** The reply to an unknown recipient; the last one ends the connection. */
  refusal(id: string): Error;
  /** While its mail is being taken, a connection is not cut off by a stop. */
  busy<Result>(id: string, work: () => Promise<Result>): Promise<Result>;
  /** Ends connections that are too old, from time to time, until the answer is called. */
  closeOld(server: SMTPServer): () => void;
  /** Ends those that are not busy. */
  closeIdle(server: SMTPServer): void;
}

interface Session {
  readonly address: string;
  readonly openedAt: number;
  refusals: number;
  isBusy: boolean;
}

/** The part of the library's connection that is used; its published types say `any`. */
interface Connection {
  readonly id: string;
  send(code: number, text: string): void;
}

export function openSessions(clock: () => number): Sessions {
  const sessions = new Map<string, Session>();
  const end = (server: SMTPServer, isDue: (session: Session | undefined) => boolean) => {
    for (const connection of server.connections as Set<Connection>) {
      // 421 makes the library close the connection behind it.
      if (isDue(sessions.get(connection.id))) connection.send(421, 'Closing, please come again');
    }
  };
  return {
    open(id, address) {
      const others = [...sessions.values()].filter((each) => each.address === address);
      if (others.length >= CONNECTIONS_PER_ADDRESS_MAX) {
        return smtpError(421, 'Too many connections from your address');
      }
      sessions.set(id, { address, openedAt: clock(), refusals: 0, isBusy: false });
      return undefined;
    },
    close(id) {
      sessions.delete(id);
    },
    refusal(id) {
      const session = sessions.get(id);
      if (session === undefined || session.refusals >= REFUSALS_MAX) {
        return smtpError(421, 'Too many unknown recipients');
      }
      session.refusals += 1;
      return smtpError(550, 'No such recipient here');
    },
    async busy(id, work) {
      const session = sessions.get(id);
      if (session !== undefined) session.isBusy = true;
      try {
        return await work();
      } finally {
        if (session !== undefined) session.isBusy = false;
      }
    },
    closeOld(server) {
      const isOld = (session: Session | undefined) =>
        session !== undefined && clock() - session.openedAt > SESSION_MS_MAX;
      const timer = setInterval(() => end(server, isOld), LOOK_EVERY_MS);
      return () => clearInterval(timer);
    },
    closeIdle(server) {
      end(server, (session) => session?.isBusy !== true);
    },
  };
}
