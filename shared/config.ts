import { z } from 'zod';

/** TCP port; 0 takes a free one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** Variables that every process reads. Secrets are never values here, only paths to files. */
export const commonVariables = {
  /** Everything that this machine keeps. */
  DATA_DIR: z.string().min(1).default('./data'),
  HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  HTTP_PORT: port.default(8080),
  /** Address under which people and machines reach the gateway; absent: made from host and port. */
  PUBLIC_ORIGIN: z.url().optional(),
  /** Where spans are sent, if the SDK of OpenTelemetry is installed: see trace-export.ts. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
};

/** Variables of a process that talks to others over NATS (`services/<name>/main.ts`). */
export const busVariables = {
  BUS_URL: z.url({ protocol: /^(nats|tls)$/ }),
  BUS_USER: z.string().optional(),
  BUS_PASSWORD_FILE: z.string().optional(),
  /** PEM file of the authority that signed the server's certificate; required with `tls:`. */
  BUS_CA_FILE: z.string().optional(),
  /** Where `/healthz`, `/readyz` and `/metrics` of this process are; absent: nowhere. */
  PROBE_HOST: z.string().min(1).default('127.0.0.1'),
  PROBE_PORT: port.optional(),
};

/** Reads the environment once, at start. Throws a sentence that names each variable and its mend. */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<z.ZodObject<Shape>> {
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = z.object(shape).safeParse(Object.fromEntries(set));
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The environment does not fit:\n  ${lines.join('\n  ')}`);
}

/** `PUBLIC_ORIGIN`, or what host and port make of it. */
export function publicOriginOf(config: {
  readonly PUBLIC_ORIGIN?: string | undefined;
  readonly HTTP_HOST: string;
  readonly HTTP_PORT: number;
}): string {
  if (config.PUBLIC_ORIGIN !== undefined) return new URL(config.PUBLIC_ORIGIN).origin;
  const host = config.HTTP_HOST.includes(':') ? `[${config.HTTP_HOST}]` : config.HTTP_HOST;
  return `http://${host}:${config.HTTP_PORT}`;
}
