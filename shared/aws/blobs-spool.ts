import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rmdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** What is smaller waits in memory. */
const MEMORY_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
const FILE_MODE = 0o600;

/** Bytes that came to their end, with what S3 wants to know before the first of them. */
export interface Spooled extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  /** From the beginning, each time. */
  read(): Uint8Array | Readable;
}

/**
 * Takes the bytes to their end before S3 hears of them: their length and hash go ahead, an object is
 * never there in part, and a try that fails can be made again. Large ones wait in a file without a
 * name, of which nothing is left when the process ends.
 */
export async function spool(bytes: Uint8Array | Readable): Promise<Spooled> {
  const digest = createHash('sha256');
  if (bytes instanceof Uint8Array) {
    const kept = Uint8Array.from(bytes);
    return inMemory(kept, digest.update(kept).digest());
  }
  await using opened = new AsyncDisposableStack();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    digest.update(chunk);
    sizeBytes += chunk.byteLength;
    if (file === undefined && sizeBytes > MEMORY_BYTES_MAX) {
      file = opened.use(await openNameless());
      for (const kept of chunks.splice(0)) await file.writeFile(kept);
    }
    if (file === undefined) chunks.push(chunk);
    else await file.writeFile(chunk);
  }
  const sha256 = digest.digest();
  if (file === undefined) return inMemory(Buffer.concat(chunks), sha256);
  return inFile(file, opened.move(), { sizeBytes, sha256 });
}

function inFile(
  file: FileHandle,
  stack: AsyncDisposableStack,
  about: Pick<Spooled, 'sizeBytes' | 'sha256'>,
): Spooled {
  return {
    ...about,
    read() {
      const stream = Readable.from(piecesOf(file), { objectMode: false });
      // A try that failed leaves its stream half read, and nobody listening to it.
      stream.on('error', () => undefined);
      stack.defer(() => {
        stream.destroy();
      });
      return stream;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function inMemory(bytes: Uint8Array, sha256: Buffer): Spooled {
  return {
    sizeBytes: bytes.byteLength,
    sha256,
    read: () => bytes,
    async [Symbol.asyncDispose]() {
      // Nothing is held but memory.
    },
  };
}

/** A stream of the handle's own would keep it from being closed after a try that failed. */
async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(PIECE_BYTES), position });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'watchdesk-put-'));
  const path = join(folder, 'bytes');
  const handle = await open(path, 'wx+', FILE_MODE);
  await unlink(path);
  await rmdir(folder);
  return handle;
}
