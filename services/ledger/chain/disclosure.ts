/** RFC 9901 disclosures: base64url of the JSON array of salt, name and value. */
import { z } from 'zod';

const parts = z.tuple([z.string(), z.string(), z.json()]);

export interface Disclosed {
  readonly name: string;
  readonly value: z.infer<ReturnType<typeof z.json>>;
}

/** What is to be shown: nothing, all but some, or some. */
export interface Selection {
  readonly disclose?: 'all' | readonly string[] | undefined;
  readonly hide?: readonly string[] | undefined;
}

/** Throws for what is no disclosure: whoever sent the event made it by another rule than ours. */
export function readDisclosure(disclosure: string): Disclosed {
  const [, name, value] = parts.parse(JSON.parse(Buffer.from(disclosure, 'base64url').toString()));
  return { name, value };
}

export function isDisclosed(disclosure: string, { disclose, hide = [] }: Selection): boolean {
  if (disclose === undefined) return false;
  const { name } = readDisclosure(disclosure);
  return disclose === 'all' ? !hide.includes(name) : disclose.includes(name);
}
