/**
 * Somebody who records spans, by the interfaces of OpenTelemetry's API alone. Imported by a process
 * before anything else (`node --import`) with `TRACE_FILE` set, it writes each span that has ended as
 * a line of JSON into that file.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

export interface Recorded {
  readonly process: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Attributes;
  readonly isFault: boolean;
}

export function recorder(ended: (span: Recorded) => void): TracerProvider {
  const startSpan = (name: string, options?: SpanOptions, context?: Context) =>
    record({ name, options, context, ended });
  // What the product does not use is not here.
  const tracer = { startSpan } as unknown as Tracer;
  return { getTracer: () => tracer };
}

function record(about: {
  readonly name: string;
  readonly options: SpanOptions | undefined;
  readonly context: Context | undefined;
  readonly ended: (span: Recorded) => void;
}): Span {
  const { name, options = {}, context, ended } = about;
  const parent = context === undefined ? undefined : trace.getSpanContext(context);
  const own: SpanContext = {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: 1,
  };
  const attributes: Attributes = { ...options.attributes };
  let isFault = false;
  const span = {
    spanContext: () => own,
    setAttributes: (more: Attributes) => Object.assign(attributes, more),
    setStatus: ({ code }: { readonly code: SpanStatusCode }) => {
      isFault = code === SpanStatusCode.ERROR;
    },
    end: () =>
      ended({
        process: basename(process.argv[1]?.replace(/\/main\.ts$/, '') ?? ''),
        name,
        kind: options.kind ?? 0,
        traceId: own.traceId,
        spanId: own.spanId,
        ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
        attributes,
        isFault,
      }),
  };
  return span as unknown as Span;
}

const file = process.env.TRACE_FILE;
if (file !== undefined) {
  trace.setGlobalTracerProvider(
    recorder((span) => appendFileSync(file, `${JSON.stringify(span)}\n`)),
  );
}
