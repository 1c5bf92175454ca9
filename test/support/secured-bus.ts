/** nats-server as an installation has it: TLS, and one user for each service with its permissions. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceName, serviceNames } from '#contracts/caller.ts';
import { type BusServerSettings, serverConfig } from '#shared/nats/bus-server.ts';
import { openAuthority } from './certificates.ts';
import { type NatsPlace, type NatsServer, startNatsServer } from './engines.ts';
import { freePort } from './processes.ts';

export interface BusSecrets {
  /** Certificate and key, one after the other, and the authority. */
  readonly server: string;
  readonly authority: string;
  /** Passwords, by user. */
  readonly passwords: Readonly<Record<ServiceName, string>>;
  passwordFile(service: ServiceName): string;
}

/** Writes what the servers and users of a bus need into the folder, as `infra/bus` reads it. */
export async function putBusSecrets(
  folder: string,
  names: readonly string[] = ['DNS:localhost', 'IP:127.0.0.1'],
): Promise<BusSecrets> {
  const at = (file: string) => join(folder, file);
  const authority = openAuthority(folder, 'bus');
  const { cert, key } = authority.issue(...names);
  await writeFile(at('server.pem'), cert + key);
  await writeFile(at('bus-authority.pem'), authority.ca);
  const passwords = Object.fromEntries(
    serviceNames.map((name) => [name, `invented-password-of-${name}`]),
    // A name for each service by construction.
  ) as BusSecrets['passwords'];
  const passwordFile = (service: ServiceName) => at(`${service}.password`);
  for (const name of serviceNames) await writeFile(passwordFile(name), passwords[name]);
  return {
    server: at('server.pem'),
    authority: at('bus-authority.pem'),
    passwords,
    passwordFile,
  };
}

export interface SecuredBus extends NatsServer {
  /** What tells a process of it; by another way where the address is another. */
  environmentOf(service: ServiceName, url?: string): Readonly<Record<string, string>>;
}

export async function startSecuredBus(about: {
  readonly secrets: BusSecrets;
  readonly place?: NatsPlace;
  readonly cluster?: BusServerSettings['cluster'];
}): Promise<SecuredBus> {
  const { secrets, place = { host: '127.0.0.1', within: [] }, cluster } = about;
  const { passwords, server: pem, authority, passwordFile } = secrets;
  const monitor = { host: '127.0.0.1', port: await freePort() };
  const config = serverConfig({
    passwords,
    clients: { host: place.host, port: 0 },
    tls: { cert: pem, key: pem, ca: authority },
    monitor,
    ...(cluster === undefined ? {} : { cluster }),
  });
  const server = await startNatsServer([config], place);
  const own = server.url.replace(/^\w+:/, 'tls:');
  return {
    ...server,
    url: own,
    environmentOf: (service, url = own) => ({
      BUS_URL: url,
      BUS_USER: service,
      BUS_PASSWORD_FILE: passwordFile(service),
      BUS_CA_FILE: authority,
    }),
  };
}
