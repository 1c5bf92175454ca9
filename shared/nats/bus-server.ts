/** The configuration of nats-server: who may connect, over what, and what each one may do. Pure. */
import { type ServiceName, serviceNames } from '#contracts/caller.ts';
import { permissionsOf } from './bus-permissions.ts';

/** A handshake that takes longer is none. */
const HANDSHAKE_SECONDS = 5;
/**
 * A client that says nothing is given up after two to three of these, and not after six minutes. Its
 * subscriptions get their share of the work until then, and whoever asked for that has a timeout.
 * Older servers (2.9, for one) take what they send to a client for a sign of its life.
 */
const HEARTBEAT_SECONDS = 10;
const HEARTBEATS_MISSED_MAX = 2;
/** One answer to each message, for as long as anybody may wait for one. */
const RESPONSES = '{ max: 1, expires: "2m" }';
/** What a password may consist of; `$` at its beginning would be taken for a hash of one. */
const PASSWORD = /^[A-Za-z0-9_.~-]{16,256}$/;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface BusServerSettings {
  readonly passwords: Readonly<Record<ServiceName, string>>;
  readonly clients: ServerAddress;
  readonly tls: TlsFiles;
  /** Health and figures; for the machine itself alone. */
  readonly monitor: ServerAddress;
  /** Absent: a server alone. */
  readonly cluster?: { readonly listen: ServerAddress; readonly route: string };
}

/** PEM files; the server reads them again when it is told to reload. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Throws a sentence, without the password, for one that is too short or has other characters. */
export function serverConfig(settings: BusServerSettings): string {
  const { clients, tls, monitor, cluster } = settings;
  return [
    `listen: ${text(addressOf(clients))}`,
    `http: ${text(addressOf(monitor))}`,
    `ping_interval: ${HEARTBEAT_SECONDS}`,
    `ping_max: ${HEARTBEATS_MISSED_MAX}`,
    'tls {',
    ...tlsLines(tls),
    '}',
    ...(cluster === undefined ? [] : clusterLines(tls, cluster)),
    'authorization {',
    '  users: [',
    ...serviceNames.flatMap((name) => userLines(name, settings.passwords[name])),
    '  ]',
    '}',
    '',
  ].join('\n');
}

/** Servers show each other the same certificate, and are let in by it alone. */
function clusterLines(
  tls: TlsFiles,
  { listen, route }: { readonly listen: ServerAddress; readonly route: string },
): string[] {
  return [
    'cluster {',
    '  name: "watchdesk"',
    `  listen: ${text(addressOf(listen))}`,
    `  routes: [${text(route)}]`,
    '  tls {',
    ...tlsLines(tls).map((line) => `  ${line}`),
    '    verify: true',
    '  }',
    '}',
  ];
}

function tlsLines({ cert, key, ca }: TlsFiles): string[] {
  return [
    `  cert_file: ${text(cert)}`,
    `  key_file: ${text(key)}`,
    `  ca_file: ${text(ca)}`,
    `  timeout: ${HANDSHAKE_SECONDS}`,
  ];
}

function userLines(name: ServiceName, password: string): string[] {
  if (!PASSWORD.test(password)) {
    throw new Error(`the password of ${name} must be 16 to 256 of A-Z a-z 0-9 _ . ~ -`);
  }
  const { publish, subscribe } = permissionsOf(name);
  return [
    `    { user: ${text(name)}, password: ${text(password)}, permissions: {`,
    `      publish: { allow: ${list(publish)} }`,
    `      subscribe: { allow: ${list(subscribe)} }`,
    `      allow_responses: ${RESPONSES}`,
    '    } }',
  ];
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(text).join(', ')}]`;
}

/** Text of nats-server has the escapes of JSON, as far as paths and names need any. */
function text(value: string): string {
  return JSON.stringify(value);
}

function addressOf({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
