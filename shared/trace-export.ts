import type { Log } from './log.ts';

/** Not among the dependencies: who wants traces installs it beside the product. */
const SDK = '@opentelemetry/sdk-node';

/** The part of the SDK that is used here. */
interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}

/**
 * Where an exporter is named and the SDK is installed, spans go there from now on; the SDK reads the
 * rest of its settings (`OTEL_*`) itself. Without the SDK a line of the log says so, and that is all:
 * nobody's work depends on being traced. Disposal sends what is still here.
 */
export async function openTraceExport(about: {
  readonly service: string;
  readonly endpoint: string | undefined;
  readonly log: Log;
}): Promise<AsyncDisposable> {
  const sdk = about.endpoint === undefined ? undefined : await loaded(about);
  sdk?.start();
  return {
    async [Symbol.asyncDispose]() {
      await sdk?.shutdown().catch((error: unknown) => {
        about.log.warn({ err: error }, 'the last spans were not sent');
      });
    },
  };
}

async function loaded({ service, log }: Parameters<typeof openTraceExport>[0]) {
  // Held in a variable, because the compiler looks for a module that is named.
  const name: string = SDK;
  try {
    const { NodeSDK } = (await import(name)) as {
      NodeSDK: new (settings: { readonly serviceName: string }) => Sdk;
    };
    return new NodeSDK({ serviceName: `watchdesk-${service}` });
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw error;
    log.warn({ package: SDK }, 'traces are asked for, but their SDK is not installed');
    return undefined;
  }
}
