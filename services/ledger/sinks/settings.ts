/**
 * Sinks: where entries are pushed to. They come from a file of the process alone, which
 * `LEDGER_SINKS_FILE` names; no tenant can make, see or change one.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { exportFormats } from '#contracts/ledger-exports.ts';
import { tenantId } from '#contracts/primitives.ts';

const host = z
  .string()
  .min(1)
  .max(253)
  .transform((name) => name.toLowerCase());

/** HMAC-SHA-256: as many bytes as it gives. */
const SECRET_BYTES_MIN = 32;

/** Each has a loop of its own. */
const SINKS_MAX = 16;

const common = {
  /** Names the sink in rows, metrics and entries. Under a new name it begins at the first entry. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  format: z.enum(exportFormats).default('ocsf'),
  /** Whose entries. */
  tenants: z.union([z.literal('all'), z.array(tenantId).min(1)]),
  /** The only hosts that this sink may connect to. */
  allowedHosts: z.array(host).min(1),
  allowPrivate: z.boolean().default(false),
};

const webhook = z.strictObject({
  type: z.literal('webhook'),
  ...common,
  url: z.url({ protocol: /^https$/ }).refine((url) => !/@|#/.test(url), {
    error: 'must hold no credentials and no fragment',
  }),
  /** File with the key of the signature, as text: at least 32 characters. */
  secretFile: z.string().min(1),
  /** PEM file of the authorities that are trusted instead of those of the system. */
  caFile: z.string().min(1).optional(),
});

const syslog = z.strictObject({
  type: z.literal('syslog'),
  ...common,
  host,
  /** RFC 5425 section 4.1. */
  port: z.number().int().min(1).max(65_535).default(6514),
  caFile: z.string().min(1),
});

const sinksFile = z.strictObject({
  v: z.literal(1),
  sinks: z
    .array(z.discriminatedUnion('type', [webhook, syslog]))
    .max(SINKS_MAX)
    .refine((sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length, {
      error: 'must have a name of its own each',
    }),
});

interface SinkCommon {
  readonly name: string;
  readonly format: (typeof exportFormats)[number];
  readonly tenants: 'all' | readonly string[];
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
}
export interface WebhookSettings extends SinkCommon {
  readonly type: 'webhook';
  readonly url: string;
  readonly secret: Buffer;
  /** PEM; absent: the authorities of the system. */
  readonly ca?: string;
}
export interface SyslogSettings extends SinkCommon {
  readonly type: 'syslog';
  readonly host: string;
  readonly port: number;
  readonly ca: string;
}
export type SinkSettings = WebhookSettings | SyslogSettings;

/** Reads the file and those that it names, once, at start. Throws a sentence that says what to mend. */
export async function readSinks(file: string): Promise<readonly SinkSettings[]> {
  const parsed = sinksFile.safeParse(jsonIn(await readFile(file, 'utf8')));
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`${file} does not fit:\n  ${lines.join('\n  ')}`);
  }
  const beside = (name: string) => readFile(resolve(dirname(file), name), 'utf8');
  return Promise.all(parsed.data.sinks.map((sink) => settingsOf(sink, beside)));
}

async function settingsOf(
  sink: z.infer<typeof webhook> | z.infer<typeof syslog>,
  read: (name: string) => Promise<string>,
): Promise<SinkSettings> {
  if (sink.type === 'syslog') {
    const { caFile, ...rest } = sink;
    return { ...rest, ca: await read(caFile) };
  }
  const { caFile, secretFile, ...rest } = sink;
  const secret = Buffer.from((await read(secretFile)).trim());
  if (secret.length < SECRET_BYTES_MIN) {
    throw new Error(`${secretFile} must hold at least ${SECRET_BYTES_MIN} characters.`);
  }
  return { ...rest, secret, ...(caFile === undefined ? {} : { ca: await read(caFile) }) };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}
