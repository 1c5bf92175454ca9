import { generateKeyPairSync } from 'node:crypto';
import { dkimSign } from 'mailauth';
import type { DnsResolver } from '#services/cad-ingest/intake/authentication.ts';

/** TXT records of an invented name service; every other question has no answer. */
export type Zone = Readonly<Record<string, string>>;

/** Answers from the zone; counts what it is asked. */
export function zoneResolver(zone: Zone): DnsResolver & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolver = async (domain: string, type: string) => {
    asked.push(`${type} ${domain}`);
    const record = type === 'TXT' ? zone[domain] : undefined;
    if (record === undefined) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    return [[record]];
  };
  return Object.assign(resolver, { asked });
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The record under which the test key is found: `s1._domainkey.<domain>`. */
export const keyRecord = `v=DKIM1; k=rsa; p=${publicKey
  .export({ type: 'spki', format: 'der' })
  .toString('base64')}`;

/** The mail with a DKIM signature of the domain by the test key. */
export async function signed(
  raw: string,
  options: {
    readonly domain: string;
    readonly signedFields?: string;
    readonly maxBodyLength?: number;
  },
): Promise<string> {
  const { domain, signedFields, maxBodyLength } = options;
  // Its type knows neither `signatureData` nor a text for `headerList`; its code knows only those.
  const result = await dkimSign(raw, {
    canonicalization: 'relaxed/relaxed',
    algorithm: 'rsa-sha256',
    signTime: new Date(Date.now() - 60_000),
    signatureData: [
      {
        signingDomain: domain,
        selector: 's1',
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        ...(maxBodyLength === undefined ? {} : { maxBodyLength }),
      },
    ],
    ...(signedFields === undefined ? {} : { headerList: signedFields }),
  } as unknown as Parameters<typeof dkimSign>[1]);
  return `${result.signatures}${raw}`;
}
