import { SpanKind, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openLog } from '#shared/log.ts';
import { Problem } from '#shared/problem.ts';
import { openTraceExport } from '#shared/trace-export.ts';
import { beginSpan, inSpan } from '#shared/tracing.ts';
import { type Recorded, recorder } from '#test/support/trace-recorder.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const about = { name: 'work', kind: 'internal' } as const;

afterEach(() => trace.disable());

function recording(): Recorded[] {
  const spans: Recorded[] = [];
  trace.setGlobalTracerProvider(recorder((span) => spans.push(span)));
  return spans;
}

describe('where nobody records', () => {
  test('there is no trace, and nothing for the log', () => {
    const span = beginSpan(about);
    expect(span.traceparent).toBeUndefined();
    expect(span.ids).toEqual({});
    span.end(200);
  });

  test('a trace that comes in is carried on as it is', async () => {
    const carried = await inSpan({ ...about, parent: PARENT }, async (span) => span);
    expect(carried.traceparent).toBe(PARENT);
    expect(carried.ids).toEqual({ traceId: TRACE });
  });
});

describe('where somebody records', () => {
  test('what is asked under a span is its child, in the same trace', async () => {
    const spans = recording();
    await inSpan({ ...about, name: 'outer', parent: PARENT, kind: 'server' }, async (outer) => {
      await inSpan({ ...about, name: 'inner', parent: outer.traceparent }, async () => undefined);
    });
    const [inner, outer] = spans;
    expect(outer).toMatchObject({ name: 'outer', traceId: TRACE, kind: SpanKind.SERVER });
    expect(outer?.parentSpanId).toBe('b7ad6b7169203331');
    expect(inner).toMatchObject({ name: 'inner', traceId: TRACE });
    expect(inner?.parentSpanId).toBe(outer?.spanId);
  });

  test('a fault of ours is one; a refusal is none; both say which, and both are thrown on', async () => {
    const spans = recording();
    const failing = (error: Error) =>
      inSpan(about, async () => {
        throw error;
      });
    const refusal = new Problem('forbidden');
    await expect(failing(refusal)).rejects.toBe(refusal);
    const bug = new Error('the text of 555-0100 CALLER');
    await expect(failing(bug)).rejects.toBe(bug);
    expect(spans).toMatchObject([
      { isFault: false, attributes: { 'watchdesk.outcome': 'forbidden' } },
      { isFault: true, attributes: { 'watchdesk.outcome': 'internal' } },
    ]);
    expect(JSON.stringify(spans)).not.toContain('555-0100');
  });

  test('what is no traceparent of the standard begins a trace of its own', () => {
    const spans = recording();
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        `00-${TRACE}-0000000000000000-01`,
        `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
        `ff-${TRACE}-b7ad6b7169203331-01`,
        `${PARENT}-more`,
        PARENT.toUpperCase(),
        `${PARENT}\r\nx: y`,
      ),
    );
    fc.assert(
      fc.property(anything, (parent) => {
        beginSpan({ ...about, parent }).end(200);
        expect(spans.at(-1)?.parentSpanId).toBeUndefined();
        expect(spans.at(-1)?.traceId).not.toBe(TRACE);
      }),
    );
  });

  test('a later version of the standard is read as far as it is known', () => {
    const spans = recording();
    beginSpan({ ...about, parent: `01-${TRACE}-b7ad6b7169203331-01-more` }).end(200);
    expect(spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331' });
  });
});

test('an exporter without its SDK holds nobody up', async () => {
  const log = openLog('test', 'silent');
  const endpoint = 'http://127.0.0.1:4318';
  await using _ = await openTraceExport({ service: 'test', endpoint, log });
  expect(beginSpan(about).traceparent).toBeUndefined();
});
