/**
 * Where a connection of ours may go: to a host that the configuration names, and to no address that
 * only machines inside of a network reach, unless the configuration says that as well.
 *
 * A name is resolved once, every address is judged, and the connection goes to one that was judged:
 * who answers a second question about the name differently gains nothing.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';

export interface Destination {
  readonly host: string;
  /** Names that may be asked, in lower case. */
  readonly allowedHosts: readonly string[];
  /** Loopback and the private ranges are destinations too: a collector in the same building. */
  readonly allowPrivate: boolean;
}

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Resolve = (host: string) => Promise<readonly Address[]>;

/** The connection is not allowed; the sentence is for the operator who configured it. */
export class RefusedDestination extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'RefusedDestination';
  }
}

/**
 * The address to connect to. Throws RefusedDestination when the host is not among those allowed or
 * any of its addresses is not; whatever the resolver throws when there is no such name.
 */
export async function judgedAddress(
  { host, allowedHosts, allowPrivate }: Destination,
  resolve: Resolve = resolveByDns,
): Promise<Address> {
  if (!allowedHosts.includes(host.toLowerCase())) {
    throw new RefusedDestination('The host is not among the allowed ones.');
  }
  const addresses = await resolve(host);
  const [first] = addresses;
  if (first === undefined) throw new RefusedDestination('The host has no address.');
  for (const { address } of addresses) {
    const kind = kindOf(address);
    if (kind === 'public' || (kind === 'private' && allowPrivate)) continue;
    throw new RefusedDestination(
      kind === 'private'
        ? 'The host has a private address, and the configuration does not allow that.'
        : 'The host has an address that no host may have.',
    );
  }
  return first;
}

/** `never` is what no destination has: unspecified, link-local, multicast, reserved, tunnels. */
export function kindOf(address: string): 'public' | 'private' | 'never' {
  const plain = unmapped(address);
  const family = isIP(plain);
  if (family === 0) return 'never';
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (privateRanges.check(plain, type)) return 'private';
  if (neverRanges.check(plain, type)) return 'never';
  return family === 4 || globalUnicast.check(plain, 'ipv6') ? 'public' : 'never';
}

async function resolveByDns(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 4 ? 4 : 6 }));
}

/** RFC 4291 section 2.5.5.2: an IPv4 address in the form of an IPv6 one is judged as what it is. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const words = [mapped[1], mapped[2]].map((word) => Number.parseInt(word ?? '', 16));
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  return bytes.join('.');
}

/** IANA special-purpose registries, RFC 6890 and those that updated it. */
const privateRanges = ranges([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
]);
const neverRanges = ranges([
  '0.0.0.0/8',
  // Link-local; the metadata services of clouds are here.
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Teredo, benchmarking, ORCHID and their neighbours; documentation; 6to4.
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);
/** Everything else of IPv6 is not given to hosts: NAT64 (64:ff9b::/96) and link-local too. */
const globalUnicast = ranges(['2000::/3']);

function ranges(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
