import { Duration, type Stack } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  type ICachePolicy,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  PriceClass,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { ARecord, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { acknowledge } from './acknowledged.ts';
import { webAcl } from './firewall.ts';
import { PRIVATE_BUCKET } from './stores.ts';

/** Header by which the load balancer knows that a request came through the content network. */
export const ORIGIN_HEADER = 'X-Watchdesk-Origin';
const YEAR = Duration.days(365);

/**
 * The content network: pages from a private bucket, everything else from the load balancer, which
 * believes only who knows the origin secret.
 */
export function addEdge(
  stack: Stack,
  about: {
    readonly name: string;
    readonly domain: string;
    readonly zone: IHostedZone;
    readonly originSecret: ISecret;
    readonly accessLogs: Bucket;
    readonly watchKey: Key;
  },
): Distribution {
  const { name, domain, zone, originSecret, accessLogs, watchKey } = about;
  const hosts = [domain, `*.${domain}`];
  const certificate = new Certificate(stack, 'EdgeCertificate', {
    domainName: domain,
    subjectAlternativeNames: [`*.${domain}`],
    validation: CertificateValidation.fromDns(zone),
  });
  const pages = addPages(stack, name, accessLogs);
  const gateway = new HttpOrigin(originHost(domain), {
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [OriginSslPolicy.TLS_V1_2],
    readTimeout: Duration.seconds(60),
    customHeaders: { [ORIGIN_HEADER]: originSecret.secretValue.unsafeUnwrap() },
  });
  const fromPages = (cachePolicy: ICachePolicy, responseHeadersPolicy: ResponseHeadersPolicy) => ({
    origin: S3BucketOrigin.withOriginAccessControl(pages),
    viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    cachePolicy,
    responseHeadersPolicy,
  });
  const distribution = new Distribution(stack, 'Edge', {
    comment: name,
    domainNames: hosts,
    certificate,
    minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    httpVersion: HttpVersion.HTTP2_AND_3,
    priceClass: PriceClass.PRICE_CLASS_100,
    webAclId: webAcl(stack, name, watchKey).attrArn,
    enableLogging: true,
    logBucket: accessLogs,
    logFilePrefix: 'edge/',
    defaultBehavior: {
      origin: gateway,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
      compress: true,
    },
    additionalBehaviors: {
      // Names of assets hold the hash of their content; the page that names them is asked anew.
      '/app/assets/*': fromPages(
        CachePolicy.CACHING_OPTIMIZED,
        pageHeaders(stack, 'AssetHeaders', `public, max-age=${YEAR.toSeconds()}, immutable`),
      ),
      '/app/*': fromPages(
        CachePolicy.CACHING_DISABLED,
        pageHeaders(stack, 'PageHeaders', 'no-cache'),
      ),
    },
  });
  addNames(stack, zone, hosts, distribution);
  acknowledge(
    distribution,
    'AwsSolutions-CFR1',
    'Travelling officers sign in too; who they are decides, not where they are.',
  );
  return distribution;
}

/** Name of the load balancer; only the content network uses it. */
export function originHost(domain: string): string {
  return `origin.${domain}`;
}

function addPages(stack: Stack, name: string, accessLogs: Bucket): Bucket {
  const pages = new Bucket(stack, 'Pages', {
    ...PRIVATE_BUCKET,
    bucketName: `${name}-pages-${stack.account}`,
    encryption: BucketEncryption.S3_MANAGED,
    serverAccessLogsBucket: accessLogs,
    serverAccessLogsPrefix: 'pages/',
  });
  acknowledge(pages, 'NIST.800.53.R5-S3DefaultEncryptionKMS', 'Its content is public.');
  acknowledge(pages, 'NIST.800.53.R5-S3BucketReplicationEnabled', 'Each release puts it there.');
  return pages;
}

function pageHeaders(stack: Stack, id: string, cacheControl: string): ResponseHeadersPolicy {
  return new ResponseHeadersPolicy(stack, id, {
    customHeadersBehavior: {
      customHeaders: [{ header: 'Cache-Control', value: cacheControl, override: true }],
    },
    securityHeadersBehavior: {
      contentTypeOptions: { override: true },
      strictTransportSecurity: {
        accessControlMaxAge: YEAR,
        includeSubdomains: true,
        override: true,
      },
      contentSecurityPolicy: {
        contentSecurityPolicy: "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        override: true,
      },
    },
  });
}

function addNames(
  stack: Stack,
  zone: IHostedZone,
  hosts: readonly string[],
  distribution: Distribution,
): void {
  const target = RecordTarget.fromAlias(new CloudFrontTarget(distribution));
  for (const [index, recordName] of hosts.entries()) {
    new ARecord(stack, `EdgeName${index}`, { zone, recordName, target });
  }
}
