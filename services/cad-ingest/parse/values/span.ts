/** A value and where it stands in the text. */
export interface Span<Value> {
  readonly value: Value;
  readonly start: number;
  readonly end: number;
}

/** Two spans share a character. */
export function overlap(one: Span<unknown>, other: Span<unknown>): boolean {
  return one.start < other.end && other.start < one.end;
}

/** The text with the spans taken out; what stood around each is parted by one blank. */
export function without(text: string, spans: readonly Span<unknown>[]): string {
  const sorted = [...spans].sort((one, other) => one.start - other.start);
  const parts: string[] = [];
  let from = 0;
  for (const span of sorted) {
    if (span.start >= from) parts.push(text.slice(from, span.start).trim());
    from = Math.max(from, span.end);
  }
  parts.push(text.slice(from).trim());
  return parts.filter((part) => part !== '').join(' ');
}
