import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type CadSource, cadSource } from '#contracts/cad-sources.ts';
import { UPDATE_POLICY_DEFAULT, updatePolicy } from '#contracts/cad-update-policy.ts';
import { timeZone } from '#contracts/primitives.ts';
import type { Row } from '#shared/ports/tables.ts';

export const SOURCE_KIND = 'cad-source';
/** Directory rows that lead from the token of an address to its tenant and source. */
export const TOKEN_KIND = 'mail-token';

/** 160 bits: nobody finds an address by trying. */
const TOKEN_BYTES = 20;
/** RFC 4648 section 6 in lower case: some mail systems change the case of addresses. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const TOKEN = /^[a-z2-7]{32}$/;
const LOCAL_PREFIX = 'cad+';

/** What is kept of a source; the address is made of the token and this machine's mail domain. */
export const sourceRow = cadSource
  .omit({ id: true, version: true, address: true, health: true })
  .extend({
    token: z.string().regex(TOKEN),
    updates: updatePolicy.optional(),
    /** Of the department, as it was when the source was made: its incidents are proposed in it. */
    timeZone,
    /** What was active before the last activation: the way back. */
    previous: cadSource.pick({ profile: true, profileVersion: true }).optional(),
  });
export type SourceRow = z.infer<typeof sourceRow>;

export function newToken(): string {
  const bits = Array.from(randomBytes(TOKEN_BYTES), (byte) => byte.toString(2).padStart(8, '0'));
  const groups = bits.join('').match(/.{5}/g) ?? [];
  return groups.map((group) => BASE32.charAt(Number.parseInt(group, 2))).join('');
}

export function addressOf(token: string, mailDomain: string): string {
  return `${LOCAL_PREFIX}${token}@${mailDomain}`;
}

/** The token in an address of this mail domain, in any casing; `undefined` for every other address. */
export function tokenIn(address: string, mailDomain: string): string | undefined {
  const [local = '', domain, ...rest] = address.toLowerCase().split('@');
  if (rest.length > 0 || domain !== mailDomain.toLowerCase()) return undefined;
  if (!local.startsWith(LOCAL_PREFIX)) return undefined;
  const token = local.slice(LOCAL_PREFIX.length);
  return TOKEN.test(token) ? token : undefined;
}

export function sourceOf(row: Row, mailDomain: string): CadSource {
  const {
    token,
    timeZone: _zone,
    previous: _previous,
    updates,
    ...shown
  } = sourceRow.parse(row.value);
  return {
    id: row.id,
    version: row.version,
    ...shown,
    updates: updates ?? UPDATE_POLICY_DEFAULT,
    address: addressOf(token, mailDomain),
  };
}
