import { createTransport } from 'nodemailer';

export interface Sent {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  /** The last reply of the server; what went wrong when there was none. */
  readonly response: string;
}

export interface Sender extends AsyncDisposable {
  /** A refusal of the whole mail is an answer, not an error. */
  send(raw: string | Buffer, to: string | readonly string[], from?: string): Promise<Sent>;
}

/** A sender of mail (nodemailer) with one connection, on which mails follow each other. */
export function openSender(port: number): Sender {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: 1,
  });
  return {
    async send(raw, to, from = 'desk@county.example') {
      const recipients = [to].flat() as string[];
      try {
        const info = await transport.sendMail({ envelope: { from, to: recipients }, raw });
        const { accepted, rejected, response } = info;
        return { accepted: accepted.map(String), rejected: rejected.map(String), response };
      } catch (error) {
        const { response = String(error) } = error as { response?: string };
        return { accepted: [], rejected: recipients, response };
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}
