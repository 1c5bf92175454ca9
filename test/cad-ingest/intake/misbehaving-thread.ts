/** A thread that does what it is told, also what no thread should. */
import { serveJobs } from '#services/cad-ingest/intake/bounded-thread.ts';

export type Order = 'echo' | 'print' | 'hang' | 'hog' | 'throw' | 'exit' | 'die-later';

serveJobs<Order, string>((order) => {
  switch (order) {
    case 'hang':
      for (;;);
    case 'hog':
      return hog();
    case 'throw':
      throw new Error('told to');
    case 'exit':
      return process.exit(1);
    case 'die-later':
      setTimeout(() => process.exit(1), 20);
      return order;
    case 'print':
      process.stdout.write('not a line of the log\n');
      return order;
    case 'echo':
      return order;
    default:
      return order satisfies never;
  }
});

function hog(): never {
  const held: unknown[] = [];
  for (;;) held.push(new Array(100_000).fill({}));
}
