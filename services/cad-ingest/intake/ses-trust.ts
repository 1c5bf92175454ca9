import type { CadMessage } from '#contracts/cad-messages.ts';
import type { SesFindings } from './ses-notification.ts';
import { doubtsOf, type TrustQuestion } from './trust.ts';

type Trust = CadMessage['trust'];

/**
 * Whether a mail that SES took is trusted. Default deny: no virus for sure, no spam, and something
 * that vouches for the sender. A client's address is not known here, so that a source which trusts
 * its network alone trusts nothing that comes this way.
 */
export function decideBySes(question: TrustQuestion, findings: SesFindings): Trust {
  const doubts = [...doubtsOf(question), ...contentDoubts(findings)];
  if (doubts.length > 0) return { verdict: 'untrusted', reasons: doubts };
  const { headerFrom } = findings;
  // What SES found is about the sender that SES saw.
  if (headerFrom.length !== 1 || headerFrom[0] !== question.scan.from) {
    return { verdict: 'untrusted', reasons: ['from-disputed'] };
  }
  return judge(question, findings);
}

function contentDoubts({ virus, spam }: SesFindings): string[] {
  const doubts: string[] = [];
  if (virus !== 'PASS') doubts.push(virus === 'FAIL' ? 'virus-found' : 'virus-not-excluded');
  if (spam === 'FAIL') doubts.push('spam-found');
  // SES was not asked, or says something that nobody knows; an undecided answer is none of these.
  if (spam === 'DISABLED' || spam === 'unknown') doubts.push('spam-not-judged');
  return doubts;
}

function judge(question: TrustQuestion, { dkim, dmarc }: SesFindings): Trust {
  if (dmarc === 'PASS') return { verdict: 'trusted', reasons: ['dmarc-pass'] };
  // A policy that both ways have failed is the sender's own word against the mail.
  if (dmarc !== 'FAIL' && dkim === 'PASS' && isEachAligned(question)) {
    return { verdict: 'trusted', reasons: ['dkim-aligned'] };
  }
  const isLater = dmarc === 'PROCESSING_FAILED' || dkim === 'PROCESSING_FAILED';
  const reason = isLater ? 'authentication-unavailable' : 'not-authenticated';
  return { verdict: 'untrusted', reasons: [reason] };
}

/**
 * SES says that a signature holds, not which one: with a second signature of somebody else it may be
 * that one. So each of them must be of the sender's domain, or of a listed one above it.
 */
function isEachAligned({ scan, source }: TrustQuestion): boolean {
  const from = scan.from ?? '';
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const isAligned = (signer: string) =>
    signer === domain || (domain.endsWith(`.${signer}`) && source.senders.includes(`@${signer}`));
  const { signatures } = scan;
  return (
    signatures.length > 0 &&
    signatures.every((each) => each.signsFrom && each.wholeBody && isAligned(each.domain))
  );
}
