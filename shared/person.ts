import type { Caller } from '#contracts/caller.ts';
import type { Person } from '#contracts/primitives.ts';
import { Problem } from './problem.ts';

/**
 * The person who asks, for what needs two of them. Keys and services do not count: two of them can
 * be in one person's hands. Throws Problem `forbidden`.
 */
export function personOf({ subject }: Caller): Person {
  if (subject.type !== 'user') {
    throw new Problem('forbidden', { detail: 'Only a person who has signed in can do this.' });
  }
  const { id, name } = subject;
  return { id, ...(name === undefined ? {} : { name }) };
}
