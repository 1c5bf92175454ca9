import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2';

/** Requests of one address in five minutes; the gateway counts more finely behind it. */
const REQUESTS_PER_ADDRESS_MAX = 5_000;

const MANAGED = [
  'AWSManagedRulesAmazonIpReputationList',
  'AWSManagedRulesCommonRuleSet',
  'AWSManagedRulesKnownBadInputsRuleSet',
] as const;
export const MANAGED_RULES = MANAGED.length;

/** Rules of the common set that count instead of block: they know bodies of 8 KB and no more. */
const COUNTED = ['SizeRestrictions_BODY'];

/** The firewall of the content network. Bodies and cookies are not written to its log. */
export function webAcl(stack: Stack, name: string, encryptionKey: Key): CfnWebACL {
  const managed = MANAGED.map((rule, priority) => ({
    name: rule,
    priority,
    overrideAction: { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: rule,
        ...(rule === 'AWSManagedRulesCommonRuleSet'
          ? {
              ruleActionOverrides: COUNTED.map((counted) => ({
                name: counted,
                actionToUse: { count: {} },
              })),
            }
          : {}),
      },
    },
    visibilityConfig: visible(rule),
  }));
  const acl = new CfnWebACL(stack, 'Firewall', {
    name,
    scope: 'CLOUDFRONT',
    defaultAction: { allow: {} },
    visibilityConfig: visible(name),
    rules: [
      ...managed,
      {
        name: 'PerAddress',
        priority: managed.length,
        action: { block: { customResponse: { responseCode: 429 } } },
        statement: {
          rateBasedStatement: { limit: REQUESTS_PER_ADDRESS_MAX, aggregateKeyType: 'IP' },
        },
        visibilityConfig: visible('PerAddress'),
      },
    ],
  });
  const log = new LogGroup(stack, 'FirewallLog', {
    // The service takes only names that begin so.
    logGroupName: `aws-waf-logs-${name}`,
    retention: RetentionDays.THIRTEEN_MONTHS,
    encryptionKey,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  new CfnLoggingConfiguration(stack, 'FirewallLogging', {
    resourceArn: acl.attrArn,
    logDestinationConfigs: [log.logGroupArn],
    redactedFields: [
      { singleHeader: { Name: 'cookie' } },
      { singleHeader: { Name: 'authorization' } },
    ],
  });
  return acl;
}

function visible(metricName: string) {
  return { cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: false };
}
