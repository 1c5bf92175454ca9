/** Under which names the gateway is reached, and which pages may change things through it. */
export interface Names {
  /** Values of the `Host` header that are served. */
  readonly hosts: ReadonlySet<string>;
  /** Values of the `Origin` header that are our own. */
  readonly origins: ReadonlySet<string>;
}

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * With a public origin only its host is served. Without one only names that cannot be made to
 * resolve to somebody else's page: the loopback names and the literal address listened on. Anything
 * else, such as a stranger's domain pointed at this machine (DNS rebinding), is misdirected.
 */
export function namesOf(about: {
  readonly publicOrigin?: string | undefined;
  readonly host: string;
  readonly port: number;
}): Names {
  const { publicOrigin, host, port } = about;
  const bases =
    publicOrigin === undefined
      ? ['127.0.0.1', 'localhost', '[::1]', bracketed(host)].map((name) => `http://${name}:${port}`)
      : [publicOrigin];
  const urls = bases.map((base) => new URL(base));
  return {
    hosts: new Set(urls.flatMap(hostsOf)),
    origins: new Set(urls.map((url) => url.origin)),
  };
}

/** The origin that links are made with: the public one, or the address listened on. */
export function originOf(about: {
  readonly publicOrigin?: string | undefined;
  readonly host: string;
  readonly port: number;
}): string {
  const { publicOrigin, host, port } = about;
  return new URL(publicOrigin ?? `http://${bracketed(host)}:${port}`).origin;
}

/** Host names are the same in capitals; nothing else about them is forgiven. */
export function isServed(names: Names, hostHeader: string | undefined): boolean {
  return hostHeader !== undefined && names.hosts.has(hostHeader.toLowerCase());
}

/** A browser leaves out the port that is the scheme's own; other clients may send it. */
function hostsOf(url: URL): string[] {
  const port = url.port === '' ? defaultPorts[url.protocol] : url.port;
  return [url.host, `${url.hostname}:${port}`];
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
