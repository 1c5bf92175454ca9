import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM of the authority's own certificate. */
  readonly ca: string;
  /** A server certificate for these names and addresses: `DNS:siem.test`, `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Certificate;
}

/** An authority that lives as long as the folder, made by `openssl`. */
export function openAuthority(folder: string, name: string): Authority {
  const at = (file: string) => join(folder, `${name}-${file}`);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [key, ca] = [at('ca.key'), at('ca.pem')];
  const subject = ['-subj', `/CN=${name}`, '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', key, '-out', ca, ...subject);
  let issued = 0;
  return {
    ca: readFileSync(ca, 'utf8'),
    issue(...names) {
      issued += 1;
      const [leafKey, request] = [at(`${issued}.key`), at(`${issued}.csr`)];
      const [cert, extensions] = [at(`${issued}.pem`), at(`${issued}.cnf`)];
      writeFileSync(extensions, `subjectAltName=${names.join(',')}\n`);
      openssl('req', ...newKey, '-keyout', leafKey, '-out', request, '-subj', '/CN=server');
      const signedBy = ['-CA', ca, '-CAkey', key, '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', request, ...signedBy, '-extfile', extensions, '-out', cert);
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(leafKey, 'utf8') };
    },
  };
}
