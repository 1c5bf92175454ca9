/**
 * `node infra/secrets-sidecar.ts FOLDER NAME=ARN...`: keeps the secrets that a task names as files
 * beside it, so that no secret is ever in an environment, and a replaced one arrives without a
 * restart: who uses a file reads it at each connection.
 *
 * 1. Each secret is fetched and put into its file, whole or not at all, readable by this user alone.
 * 2. When all are there, the file `ready` says so; the task waits for it.
 * 3. Every minute, again. A secret that cannot be had keeps its last file, and is said in the log.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const REFRESH_MS = 60_000;
/** A start without secrets is tried for longer than a deployment waits. */
const FIRST_TRIES_MS = 2_000;

export interface Named {
  readonly file: string;
  readonly arn: string;
}

/** Throws a sentence for an argument that is none. */
export function namedIn(args: readonly string[]): Named[] {
  return args.map((arg) => {
    const [, file, arn] = /^([a-z0-9][a-z0-9.-]*)=(arn:\S+)$/.exec(arg) ?? [];
    if (file === undefined || arn === undefined) throw new Error(`"${arg}" is not NAME=ARN`);
    return { file, arn };
  });
}

/** Fetches all, and answers the names of those that could not be had. */
export async function refresh(
  client: SecretsManagerClient,
  folder: string,
  secrets: readonly Named[],
): Promise<string[]> {
  const missing: string[] = [];
  for (const { file, arn } of secrets) {
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
      if (SecretString === undefined) throw new Error('it has no text');
      await put(join(folder, file), SecretString);
    } catch {
      // The reason can hold the name of an account; that it is missing is enough to look for it.
      missing.push(file);
    }
  }
  return missing;
}

async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o400 });
  await rename(`${file}.new`, file);
}

async function keep(folder: string, secrets: readonly Named[], signal: AbortSignal): Promise<void> {
  const client = new SecretsManagerClient();
  let isReady = false;
  while (!signal.aborted) {
    const missing = await refresh(client, folder, secrets);
    if (missing.length > 0) process.stderr.write(`${JSON.stringify({ missing })}\n`);
    else if (!isReady) {
      await put(join(folder, 'ready'), '');
      isReady = true;
    }
    await sleep(isReady ? REFRESH_MS : FIRST_TRIES_MS, undefined, { signal }).catch(
      () => undefined,
    );
  }
}

if (import.meta.main) {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  const [folder, ...args] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Give the folder, then NAME=ARN for each secret.');
  await keep(folder, namedIn(args), stop.signal);
}
