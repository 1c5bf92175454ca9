import type { Stack } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  CfnFirewallDomainList,
  CfnFirewallRuleGroup,
  CfnFirewallRuleGroupAssociation,
} from 'aws-cdk-lib/aws-route53resolver';
import { acknowledge } from './acknowledged.ts';

export const ZONES = 2;
const RANGE = '10.20.0.0/16';
/** Syslog over TLS (RFC 5425). */
const SYSLOG_TLS_PORT = 6514;

export interface Network {
  readonly vpc: Vpc;
  /** Where tasks are: without a way out, or with one to listed hosts. */
  readonly taskSubnets: { readonly subnetType: SubnetType };
  /** Doors of AWS services inside the network. */
  readonly endpoints: ISecurityGroup;
}

/** AWS services that tasks reach without leaving the network. */
const DOORS = {
  Registry: InterfaceVpcEndpointAwsService.ECR,
  RegistryDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Metrics: InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
  Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  Kms: InterfaceVpcEndpointAwsService.KMS,
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  Ses: InterfaceVpcEndpointAwsService.EMAIL,
  Sts: InterfaceVpcEndpointAwsService.STS,
} as const;

export const DOOR_COUNT = Object.keys(DOORS).length;

/** Public subnets hold the load balancer and nothing else. */
export function addNetwork(
  stack: Stack,
  about: { readonly outboundHosts: readonly string[]; readonly watchKey: Key },
): Network {
  const { outboundHosts, watchKey } = about;
  const hasWayOut = outboundHosts.length > 0;
  const subnetType = hasWayOut ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED;
  const vpc = new Vpc(stack, 'Network', {
    ipAddresses: IpAddresses.cidr(RANGE),
    maxAzs: ZONES,
    natGateways: hasWayOut ? ZONES : 0,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [
      { name: 'door', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 24 },
      { name: 'tasks', subnetType, cidrMask: 20 },
    ],
  });
  acknowledgeShape(vpc);
  const flows = new LogGroup(stack, 'Flows', {
    retention: RetentionDays.THIRTEEN_MONTHS,
    encryptionKey: watchKey,
  });
  vpc.addFlowLog('FlowLog', {
    destination: FlowLogDestination.toCloudWatchLogs(flows),
    trafficType: FlowLogTrafficType.ALL,
  });
  if (hasWayOut) resolveOnly(stack, vpc, outboundHosts);
  return { vpc, taskSubnets: { subnetType }, endpoints: addDoors(stack, vpc, subnetType) };
}

/** What a task may connect to, besides what other groups let it into. */
export function letOut(task: SecurityGroup, network: Network, isSender: boolean): void {
  task.addEgressRule(network.endpoints, Port.tcp(443), 'AWS services inside the network');
  // Gateway endpoints (tables, objects) have public addresses, and a route of their own.
  task.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Tables and objects by their routes');
  if (isSender) {
    task.addEgressRule(Peer.anyIpv4(), Port.tcp(SYSLOG_TLS_PORT), 'Syslog sinks over TLS');
  }
}

function addDoors(stack: Stack, vpc: Vpc, subnetType: SubnetType): SecurityGroup {
  const group = new SecurityGroup(stack, 'Doors', {
    vpc,
    description: 'Endpoints of AWS services',
    allowAllOutbound: false,
  });
  group.addIngressRule(Peer.ipv4(RANGE), Port.tcp(443), 'Tasks of this network');
  for (const [id, service] of Object.entries(DOORS)) {
    vpc.addInterfaceEndpoint(id, {
      service,
      subnets: { subnetType },
      securityGroups: [group],
      open: false,
    });
  }
  vpc.addGatewayEndpoint('Objects', { service: GatewayVpcEndpointAwsService.S3 });
  vpc.addGatewayEndpoint('Tables', { service: GatewayVpcEndpointAwsService.DYNAMODB });
  return group;
}

/** Names that are not listed are not resolved: what was not meant has no address to go to. */
function resolveOnly(stack: Stack, vpc: Vpc, hosts: readonly string[]): void {
  const list = (id: string, domains: readonly string[]) =>
    new CfnFirewallDomainList(stack, id, { domains: [...domains] }).attrId;
  const own = ['*.amazonaws.com.', '*.internal.'];
  const rules = new CfnFirewallRuleGroup(stack, 'Names', {
    firewallRules: [
      {
        priority: 1,
        action: 'ALLOW',
        firewallDomainListId: list('NamesListed', [...hosts.map((host) => `${host}.`), ...own]),
      },
      {
        priority: 2,
        action: 'BLOCK',
        blockResponse: 'NODATA',
        firewallDomainListId: list('NamesOther', ['*.']),
      },
    ],
  });
  new CfnFirewallRuleGroupAssociation(stack, 'NamesHere', {
    firewallRuleGroupId: rules.attrId,
    vpcId: vpc.vpcId,
    priority: 101,
    mutationProtection: 'ENABLED',
  });
}

function acknowledgeShape(vpc: Vpc): void {
  acknowledge(
    vpc,
    'NIST.800.53.R5-VPCDefaultSecurityGroupClosed',
    'Nothing is in the default group: every task and door names its own.',
  );
  for (const subnet of [...vpc.publicSubnets, ...vpc.privateSubnets]) {
    acknowledge(
      subnet,
      'NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW',
      'Public subnets hold the load balancer; tasks with a way out have it to listed hosts only.',
    );
  }
}
