/** The thread of authentication.ts: `mailauth` over one mail with the DNS answers known so far. */
import { authenticate, type DNSResolver } from 'mailauth';
import { z } from 'zod';
import type { AuthenticationAnswer, AuthenticationJob, DnsQuestion } from './authentication.ts';
import { serveJobs } from './bounded-thread.ts';
import type { Authentication } from './trust.ts';

/** What this product reads of a `mailauth` result; its own types promise more than it keeps. */
const verified = z.object({
  dkim: z.object({
    headerFrom: z.array(z.string()),
    results: z.array(
      z.object({
        signingDomain: z.string().default(''),
        signingHeaders: z.object({ keys: z.string() }).optional(),
        status: z.object({
          result: z.string(),
          aligned: z.union([z.string(), z.boolean()]).default(false),
          underSized: z.number().default(0),
        }),
      }),
    ),
  }),
  spf: z.object({ domain: z.string(), status: z.object({ result: z.string() }) }),
  dmarc: z.union([
    z.literal(false),
    z.object({
      status: z.object({ result: z.string() }),
      alignment: z
        .object({
          spf: z.object({ result: z.string().optional(), strict: z.boolean() }),
          dkim: z.object({ strict: z.boolean() }),
        })
        .optional(),
    }),
  ]),
});

serveJobs<AuthenticationJob, AuthenticationAnswer>(async ({ raw, answers, ...envelope }) => {
  const missing = new Map<string, DnsQuestion>();
  const resolver = async (domain: string, type: string) => {
    const key = `${type} ${domain}`;
    const answer = answers.get(key);
    // Whatever comes of this round, it is run again with the answer.
    if (answer === undefined) missing.set(key, { key, domain, type });
    if (answer?.kind === 'records') return answer.records;
    throw Object.assign(new Error('no records'), { code: answer?.code ?? 'ETIMEOUT' });
  };
  const result = await authenticate(Buffer.from(raw), {
    ...envelope,
    // Its type knows TXT records only; MX and others are objects.
    resolver: resolver as DNSResolver,
    disableArc: true,
    disableBimi: true,
  });
  return { authentication: factsOf(verified.parse(result)), missing: [...missing.values()] };
});

function factsOf({ dkim, spf, dmarc }: z.infer<typeof verified>): Authentication {
  return {
    kind: 'found',
    headerFrom: dkim.headerFrom,
    spf: { result: spf.status.result, domain: spf.domain },
    dkim: dkim.results.map(({ signingDomain, signingHeaders, status }) => ({
      result: status.result,
      domain: signingDomain,
      aligned: status.aligned !== false && status.aligned !== '',
      wholeBody: status.underSized === 0,
      signsFrom: /(^|: )from($|: )/i.test(signingHeaders?.keys ?? ''),
    })),
    dmarc: {
      result: dmarc === false ? 'none' : dmarc.status.result,
      spfAligned: dmarc !== false && Boolean(dmarc.alignment?.spf.result),
      strictSpf: dmarc !== false && (dmarc.alignment?.spf.strict ?? false),
      strictDkim: dmarc !== false && (dmarc.alignment?.dkim.strict ?? false),
    },
  };
}
