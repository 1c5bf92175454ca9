/**
 * Spans of OpenTelemetry, for whoever installs an SDK; without one they cost nothing worth a setting.
 * What is under a span is told by its `traceparent` (W3C Trace Context), as an argument from call to
 * call and as a header between processes: there is no ambient context. A `traceparent` that comes in
 * is carried on, and stands in the log, also where nobody records.
 *
 * Spans hold names of operations and routes, outcomes, counts and ids of requests. Never who asks,
 * and nothing of what is asked for.
 */
import {
  type Attributes,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { asProblem } from './problem.ts';

/** W3C Trace Context, section 3.2: later versions may say more behind the flags, the first may not. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const FIRST_VERSION = '00';
/** From this status on the fault is ours. */
const FAULT_STATUS_MIN = 500;

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

export interface SpanAbout {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  /** Under which span; absent or not of the standard's form: a trace begins. */
  readonly parent?: string | undefined;
  readonly attributes?: Attributes;
}

export interface TraceSpan {
  /** For what is asked under it; absent where nobody traces. */
  readonly traceparent: string | undefined;
  /** For lines of the log: nothing where nobody traces. */
  readonly ids: { readonly traceId?: string };
  note(attributes: Attributes): void;
  /** Once. A status of HTTP tells whether it went well. */
  end(status: number): void;
}

export function beginSpan({ name, kind, parent, attributes = {} }: SpanAbout): TraceSpan {
  const above = parent === undefined ? undefined : spanContextIn(parent);
  const context = above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT;
  const options = { kind: kinds[kind], attributes, root: above === undefined };
  return told(trace.getTracer('watchdesk').startSpan(name, options, context));
}

/** Does the work in a span of its own, which ends with it. */
export async function inSpan<Result>(
  about: SpanAbout,
  work: (span: TraceSpan) => Promise<Result>,
): Promise<Result> {
  const span = beginSpan(about);
  let status = 200;
  try {
    return await work(span);
  } catch (error) {
    const problem = asProblem(error);
    status = problem.status;
    span.note({ 'watchdesk.outcome': problem.code });
    throw error;
  } finally {
    span.end(status);
  }
}

function told(span: Span): TraceSpan {
  const own = span.spanContext();
  const isTraced = isSpanContextValid(own);
  return {
    traceparent: isTraced ? textOf(own) : undefined,
    ids: isTraced ? { traceId: own.traceId } : {},
    note(attributes) {
      span.setAttributes(attributes);
    },
    end(status) {
      if (status >= FAULT_STATUS_MIN) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** `undefined` for anything but the standard's form. */
function spanContextIn(text: string): SpanContext | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === FIRST_VERSION && more !== undefined) return undefined;
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(found) ? found : undefined;
}

function textOf({ traceId, spanId, traceFlags }: SpanContext): string {
  const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
  return `${FIRST_VERSION}-${traceId}-${spanId}-${flags}`;
}
