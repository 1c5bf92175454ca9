/** A bounded map of values that can be read again; the least recently used go first. */
export interface Lru<Value> {
  get(key: string): Value | undefined;
  put(key: string, value: Value): void;
  clear(): void;
}

export function openLru<Value>(entriesMax: number): Lru<Value> {
  // A Map keeps the order of insertion: the first key is the one that was not used for longest.
  const values = new Map<string, Value>();
  return {
    get(key) {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    put(key, value) {
      values.delete(key);
      values.set(key, value);
      const [oldest] = values.keys();
      if (values.size > entriesMax && oldest !== undefined) values.delete(oldest);
    },
    clear: () => values.clear(),
  };
}
