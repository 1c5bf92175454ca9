/** A timestamp authority (RFC 3161) on loopback, whose tokens are made by `openssl ts`. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface AuthorityOptions {
  /** `openssl req -newkey`'s. */
  readonly key?: readonly string[];
  readonly digest?: string;
  /** `essCertIDv2` by SHA-256, or the older one by SHA-1. */
  readonly names?: 'sha1' | 'sha256';
}

export interface TimestampAuthority extends AsyncDisposable {
  readonly url: string;
  /** PEM of the root. */
  readonly roots: string;
  readonly rootsFile: string;
  readonly asked: () => number;
  /** Something else to do with the next answers. */
  distort(answer: ((right: Buffer, query: Buffer) => Buffer | number) | undefined): void;
  /** Another certificate of the same root, `<name>.pem` with `<name>.key`, for that use. */
  issue(name: string, usage: string): void;
  /** Where a file of the authority is. */
  file(name: string): string;
  /** The answer to a query, DER. */
  reply(query: Uint8Array): Buffer;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const;
export const RSA_KEY = ['-newkey', 'rsa:2048'] as const;

export async function openTimestampAuthority(
  folder: string,
  options: AuthorityOptions = {},
): Promise<TimestampAuthority> {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const ca = ['-CA', at('root.pem'), '-CAkey', at('root.key'), '-CAcreateserial'];
  const root = ['-keyout', at('root.key'), '-out', at('root.pem'), '-subj', '/CN=root'];
  openssl('req', '-x509', '-nodes', ...EC_KEY, ...root, '-days', '2');
  function issue(name: string, usage: string, key: readonly string[] = EC_KEY): void {
    const [request, extensions] = [at(`${name}.csr`), at(`${name}.cnf`)];
    writeFileSync(extensions, `extendedKeyUsage=${usage}\nbasicConstraints=CA:FALSE\n`);
    const leaf = ['-keyout', at(`${name}.key`), '-out', request, '-subj', `/CN=${name}`];
    openssl('req', '-nodes', ...key, ...leaf);
    const extended = ['-days', '2', '-extfile', extensions, '-out', at(`${name}.pem`)];
    openssl('x509', '-req', '-in', request, ...ca, ...extended);
  }
  issue('tsa', 'critical,timeStamping', options.key);
  writeFileSync(at('serial'), '01\n');
  writeFileSync(at('ts.cnf'), configuration(at, options));

  function reply(query: Uint8Array): Buffer {
    writeFileSync(at('query.tsq'), query);
    const files = ['-queryfile', at('query.tsq'), '-out', at('reply.tsr')];
    openssl('ts', '-reply', '-config', at('ts.cnf'), ...files);
    return readFileSync(at('reply.tsr'));
  }

  let asked = 0;
  let distortion: ((right: Buffer, query: Buffer) => Buffer | number) | undefined;
  const server = createServer(async (request, response) => {
    asked += 1;
    const query = Buffer.concat(await Array.fromAsync(request));
    const right = reply(query);
    const answer = distortion?.(right, query) ?? right;
    response.writeHead(typeof answer === 'number' ? answer : 200, {
      'content-type': 'application/timestamp-reply',
      ...(answer === 302 ? { location: 'http://127.0.0.1:9/' } : {}),
    });
    response.end(typeof answer === 'number' ? '' : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    roots: readFileSync(at('root.pem'), 'utf8'),
    rootsFile: at('root.pem'),
    asked: () => asked,
    issue,
    file: at,
    distort(answer) {
      distortion = answer;
    },
    reply,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function configuration(
  at: (name: string) => string,
  { digest = 'sha256', names = 'sha256' }: AuthorityOptions,
): string {
  return [
    '[tsa]',
    'default_tsa = here',
    '[here]',
    `serial = ${at('serial')}`,
    'crypto_device = builtin',
    `signer_cert = ${at('tsa.pem')}`,
    `signer_key = ${at('tsa.key')}`,
    `signer_digest = ${digest}`,
    'default_policy = 1.2.3.4.1',
    'other_policies = 1.2.3.4.500',
    'digests = sha256, sha384, sha512',
    'accuracy = secs:1, millisecs:500',
    'ordering = yes',
    'tsa_name = yes',
    `ess_cert_id_alg = ${names}`,
    '',
  ].join('\n');
}
