import { Duration, type Stack } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { Peer, Port, SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  MutualAuthenticationMode,
  SslPolicy,
  TrustStore,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ARecord, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { acknowledge } from './acknowledged.ts';
import { ORIGIN_HEADER, originHost } from './edge.ts';
import type { Network } from './network.ts';
import type { Settings } from './settings.ts';
import { HTTP_PORT, type Task } from './tasks.ts';

/** Collectors connect here with their certificates, past the content network. */
const COLLECTOR_PORT = 8443;
const DRAIN = Duration.seconds(20);

export interface Door {
  readonly balancer: ApplicationLoadBalancer;
  readonly targets: ApplicationTargetGroup;
}

/**
 * The only public listener. Without the origin secret it answers a bare 403; two values of the
 * secret are taken at once, so that it can be replaced without a gap.
 */
export function addDoor(
  stack: Stack,
  about: {
    readonly settings: Settings;
    readonly network: Network;
    readonly zone: IHostedZone;
    readonly gateway: Task;
    readonly accessLogs: Bucket;
    /** The value that counts now, and the one that is on its way. */
    readonly originSecrets: readonly string[];
  },
): Door {
  const { settings, network, zone, gateway, accessLogs, originSecrets } = about;
  const group = new SecurityGroup(stack, 'PublicDoor', {
    vpc: network.vpc,
    description: 'The load balancer',
    allowAllOutbound: false,
  });
  const balancer = new ApplicationLoadBalancer(stack, 'Balancer', {
    vpc: network.vpc,
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    internetFacing: true,
    securityGroup: group,
    deletionProtection: true,
    dropInvalidHeaderFields: true,
  });
  balancer.logAccessLogs(accessLogs, 'balancer');
  const targets = addTargets(stack, network, gateway);
  group.addEgressRule(gateway.group, Port.tcp(HTTP_PORT), 'Gateway');
  gateway.group.addIngressRule(group, Port.tcp(HTTP_PORT), 'Load balancer');
  const certificate = new Certificate(stack, 'OriginCertificate', {
    domainName: originHost(settings.domain),
    subjectAlternativeNames: [`collectors.${settings.domain}`],
    validation: CertificateValidation.fromDns(zone),
  });
  const listener = balancer.addListener('Https', {
    port: 443,
    protocol: ApplicationProtocol.HTTPS,
    certificates: [certificate],
    sslPolicy: SslPolicy.TLS13_RES,
    open: false,
    defaultAction: ListenerAction.fixedResponse(403),
  });
  group.addIngressRule(Peer.anyIpv4(), Port.tcp(443), 'The content network, by its secret');
  listener.addAction('KnowsTheSecret', {
    priority: 10,
    conditions: [ListenerCondition.httpHeader(ORIGIN_HEADER, [...originSecrets])],
    action: ListenerAction.forward([targets]),
  });
  addCollectors(stack, { settings, balancer, certificate, targets, group });
  acknowledgeOpen(group);
  const target = RecordTarget.fromAlias(new LoadBalancerTarget(balancer));
  new ARecord(stack, 'OriginName', { zone, recordName: originHost(settings.domain), target });
  acknowledge(
    balancer,
    'NIST.800.53.R5-ALBWAFEnabled',
    'The firewall stands in front of the content network; nothing passes here without its secret.',
  );
  return { balancer, targets };
}

function addTargets(stack: Stack, network: Network, gateway: Task): ApplicationTargetGroup {
  return new ApplicationTargetGroup(stack, 'Gateways', {
    vpc: network.vpc,
    port: HTTP_PORT,
    protocol: ApplicationProtocol.HTTP,
    targets: [gateway.service],
    deregistrationDelay: DRAIN,
    healthCheck: {
      path: '/readyz',
      interval: Duration.seconds(5),
      timeout: Duration.seconds(3),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 2,
    },
  });
}

function addCollectors(
  stack: Stack,
  about: {
    readonly settings: Settings;
    readonly balancer: ApplicationLoadBalancer;
    readonly certificate: Certificate;
    readonly targets: ApplicationTargetGroup;
    readonly group: SecurityGroup;
  },
): ApplicationListener | undefined {
  const { settings, balancer, certificate, targets, group } = about;
  const authorities = settings.collectorAuthorities;
  if (authorities === undefined) return undefined;
  group.addIngressRule(Peer.anyIpv4(), Port.tcp(COLLECTOR_PORT), 'Collectors, by certificate');
  return balancer.addListener('Collectors', {
    port: COLLECTOR_PORT,
    protocol: ApplicationProtocol.HTTPS,
    certificates: [certificate],
    sslPolicy: SslPolicy.TLS13_RES,
    open: false,
    mutualAuthentication: {
      mutualAuthenticationMode: MutualAuthenticationMode.VERIFY,
      trustStore: new TrustStore(stack, 'Authorities', {
        bucket: Bucket.fromBucketName(stack, 'AuthoritiesBucket', authorities.bucket),
        key: authorities.key,
      }),
    },
    defaultAction: ListenerAction.forward([targets]),
  });
}

function acknowledgeOpen(group: SecurityGroup): void {
  const why = 'It is the public door; who comes without the secret or a certificate gets 403.';
  for (const rule of ['AwsSolutions-EC23', 'NIST.800.53.R5-EC2RestrictedCommonPorts']) {
    acknowledge(group, rule, why);
  }
}
