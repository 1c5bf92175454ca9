import type { Readable } from 'node:stream';
import type { BlobDoor, DoorAnswer } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import type { Objects, Staged } from './blobs-objects.ts';
import type { PutTicket, Tickets } from './blobs-ticket.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Takes and gives bytes for a ticket. An upload is compared with what its ticket pins before it
 * becomes visible; nothing stays of one that differs. An upload sent again succeeds again.
 */
export function openDoor(parts: {
  readonly objects: Objects;
  readonly tickets: Tickets;
}): BlobDoor {
  const { objects, tickets } = parts;
  return {
    async accept({ ticket, headers, body }) {
      const terms = await tickets.read(ticket, 'PUT');
      if (terms === undefined) return expired();
      const refusal = headersRefusal(terms, headers);
      if (refusal !== undefined) return refusal;
      try {
        await using staged = await objects.stage(uploadOf(body, terms.sizeBytes));
        return await keep(objects, terms, staged);
      } catch (error) {
        if (error instanceof Problem) return refused(error.status, error.message);
        throw error;
      }
    },
    async serve(ticket) {
      const terms = await tickets.read(ticket, 'GET');
      if (terms === undefined) return expired();
      const found = await objects.get(terms.key);
      if (found === undefined) return refused(404, 'There are no such bytes any more.');
      const { stream, sizeBytes } = found;
      const headers = downloadHeaders({ ...terms, sizeBytes });
      return { status: 200, headers, body: stream };
    },
  };
}

async function keep(objects: Objects, terms: PutTicket, staged: Staged): Promise<DoorAnswer> {
  const { key, sizeBytes, sha256 } = terms;
  if (staged.sizeBytes !== sizeBytes) {
    return refused(422, `${staged.sizeBytes} bytes came where ${sizeBytes} were announced.`);
  }
  if (staged.sha256 !== sha256) {
    return refused(422, 'The SHA-256 of the bytes is not the one that was announced.');
  }
  if ((await objects.commit(key, staged)) === 'stored') return { status: 201, headers: {} };
  const there = await objects.head(key);
  if (there?.sha256 === sha256) return { status: 200, headers: {} };
  return refused(409, 'Other bytes are kept here already, and are never replaced.');
}

function headersRefusal(terms: PutTicket, headers: Headers): DoorAnswer | undefined {
  if (headers['content-type'] !== terms.contentType) {
    return refused(415, `Send the header content-type: ${terms.contentType}`);
  }
  const length = headers['content-length'];
  if (length === undefined) return refused(411, 'Send the header content-length.');
  if (length === String(terms.sizeBytes)) return undefined;
  return refused(422, `Send the ${terms.sizeBytes} bytes that were announced.`);
}

/** The client's bytes, at most as many as announced. Whatever goes wrong in here is its doing. */
async function* uploadOf(body: Readable, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let came = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      came += chunk.byteLength;
      if (came > sizeBytes) throw mismatch(`More than the announced ${sizeBytes} bytes came.`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof Problem ? error : mismatch('The upload broke off. Send it again.');
  }
}

/** Always an attachment of the type it was checked to be: a browser saves it and runs none of it. */
function downloadHeaders(about: {
  readonly contentType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
}): Record<string, string> {
  return {
    'content-type': about.contentType,
    'content-length': String(about.sizeBytes),
    'content-disposition': attachment(about.fileName),
    'cache-control': 'private, no-store',
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
  };
}

/** RFC 6266 section 4.3: the plain name for old clients, the real one as RFC 8187 says. */
export function attachment(fileName: string): string {
  const plain = fileName.replaceAll(/[^A-Za-z0-9 ._-]/g, '_');
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function expired(): DoorAnswer {
  return refused(403, 'This address is not valid, or not any more. Ask for a new one.');
}

function refused(status: number, detail: string): DoorAnswer {
  return { status, headers: {}, detail };
}

function mismatch(detail: string): Problem {
  return new Problem('content-mismatch', { detail });
}
