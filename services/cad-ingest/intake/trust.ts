import { BlockList, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import type { CadMessage } from '#contracts/cad-messages.ts';
import type { CadSource } from '#contracts/cad-sources.ts';
import type { HeaderScan } from './header-scan.ts';

/** A mail with more is made to cost the verifier work; a sender and its relays sign two or three. */
const DKIM_SIGNATURES_MAX = 8;

/** What is known of a mail's sender without asking anybody. */
export interface TrustQuestion {
  readonly source: Pick<CadSource, 'senders' | 'trust' | 'networks'>;
  readonly scan: HeaderScan;
  /** Address of `MAIL FROM`; empty for the null sender. */
  readonly envelopeSender: string;
  /** Of the client that sent it; empty where nobody knows. */
  readonly remoteAddress: string;
}

/** What SPF, DKIM and DMARC found, or why they found nothing. */
export type Authentication =
  | {
      readonly kind: 'found';
      /** Senders that the verifier read from the header: must be the scan's own. */
      readonly headerFrom: readonly string[];
      readonly spf: { readonly result: string; readonly domain: string };
      readonly dkim: readonly {
        readonly result: string;
        readonly domain: string;
        /** The signing domain belongs to the organisation of the `From` domain. */
        readonly aligned: boolean;
        /** False where `l=` leaves a part of the body to anybody (RFC 6376 section 8.2). */
        readonly wholeBody: boolean;
        /** False where `h=` leaves out `From`, which RFC 6376 section 5.4 forbids. */
        readonly signsFrom: boolean;
      }[];
      readonly dmarc: {
        readonly result: string;
        readonly spfAligned: boolean;
        readonly strictSpf: boolean;
        readonly strictDkim: boolean;
      };
    }
  /** The mail broke the verifier, or cost it more time or memory than any real one does. */
  | { readonly kind: 'overrun' };

type Trust = CadMessage['trust'];

/** True when nothing speaks against the mail yet and only its authentication can speak for it. */
export function wantsAuthentication(question: TrustQuestion): boolean {
  return question.source.trust === 'authenticated' && doubtsOf(question).length === 0;
}

/**
 * Default deny: a mail is trusted when something vouches for its sender and nothing speaks against
 * it. The reasons are words for programs; the README of this folder says what each one means.
 */
export function decideTrust(question: TrustQuestion, authentication?: Authentication): Trust {
  const doubts = doubtsOf(question);
  if (doubts.length > 0) return { verdict: 'untrusted', reasons: doubts };
  if (question.source.trust === 'listed') {
    return { verdict: 'trusted', reasons: ['network-listed'] };
  }
  return judge(question.scan.from ?? '', authentication);
}

/** What speaks against a mail whatever vouches for its sender. */
export function doubtsOf({ source, scan, envelopeSender, remoteAddress }: TrustQuestion): string[] {
  const doubts: string[] = [...scan.findings];
  if (scan.from !== undefined && !isListed(source.senders, scan.from)) {
    doubts.push('sender-not-listed');
  }
  if (envelopeSender === '') doubts.push('null-sender');
  else if (!isListed(source.senders, envelopeSender)) doubts.push('envelope-sender-not-listed');
  if (source.trust === 'listed' && !isInside(source.networks ?? [], remoteAddress)) {
    doubts.push('network-not-listed');
  }
  if (source.trust === 'authenticated' && scan.signatures.length > DKIM_SIGNATURES_MAX) {
    doubts.push('too-many-signatures');
  }
  return doubts;
}

/** `@example.org` lists the addresses of that very domain, not those below it. */
function isListed(senders: readonly string[], address: string): boolean {
  const at = address.lastIndexOf('@');
  const domain = asciiDomain(address.slice(at + 1));
  if (at < 1 || domain === undefined) return false;
  const local = address.slice(0, at).toLowerCase();
  return senders.includes(`${local}@${domain}`) || senders.includes(`@${domain}`);
}

/**
 * A domain in the form of the lists. SMTP shows `xn--` names decoded; the way back also folds
 * look-alikes (full-width letters), so a name that does not come back as it went is no domain.
 */
function asciiDomain(domain: string): string | undefined {
  const lower = domain.toLowerCase();
  const ascii = domainToASCII(lower);
  const same = ascii === lower || domainToUnicode(ascii) === lower;
  return same && ascii !== '' ? ascii : undefined;
}

function isInside(networks: readonly string[], remoteAddress: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  // A listener on both families shows an IPv4 client as an IPv6 address.
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function judge(from: string, authentication: Authentication | undefined): Trust {
  if (authentication === undefined || authentication.kind === 'overrun') {
    return { verdict: 'untrusted', reasons: ['authentication-failed'] };
  }
  const { headerFrom, spf, dkim, dmarc } = authentication;
  if (headerFrom.length !== 1 || headerFrom[0]?.toLowerCase() !== from) {
    return { verdict: 'untrusted', reasons: ['from-disputed'] };
  }
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const signed = dkim.some(
    (each) =>
      each.result === 'pass' &&
      each.wholeBody &&
      each.signsFrom &&
      (dmarc.strictDkim ? each.domain.toLowerCase() === domain : each.aligned),
  );
  const sent =
    spf.result === 'pass' &&
    (dmarc.strictSpf ? spf.domain.toLowerCase() === domain : dmarc.spfAligned);
  // Without the answer for the policy nobody knows how strictly it wants to be aligned.
  const policyKnown = !isTemporary(dmarc);
  if (policyKnown && signed) return { verdict: 'trusted', reasons: ['dkim-aligned'] };
  if (dmarc.result === 'pass' && sent) return { verdict: 'trusted', reasons: ['dmarc-spf'] };
  const later = [spf, dmarc, ...dkim].some(isTemporary);
  const reason = later ? 'authentication-unavailable' : 'not-authenticated';
  return { verdict: 'untrusted', reasons: [reason] };
}

/** DNS gave no answer: neither yes nor no, and therefore not yes. */
function isTemporary({ result }: { readonly result: string }): boolean {
  return result.startsWith('temp');
}
