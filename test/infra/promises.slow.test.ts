import { beforeAll, describe, expect, test } from 'vitest';
import { LEDGER_BLOCKS, LEDGER_FIXED } from '#infra/access.ts';
import { readConfig } from '#shared/config.ts';
import { awsSettingsOf, profileVariables } from '#shared/config-profile.ts';
import { EXAMPLE, type Resource, type Stacks, synthesise } from './stacks.ts';
import { faultsIn } from './variables.ts';

let stacks: Stacks;
beforeAll(async () => {
  stacks = await synthesise();
});

function ofType(type: string): [string, Resource][] {
  return Object.values(stacks.resources).flatMap((resources) =>
    Object.entries(resources).filter(([, resource]) => resource.Type === type),
  );
}

interface Statement {
  readonly Action: string | readonly string[];
}

describe('who can be reached', () => {
  test('only the load balancer takes connections from everywhere', () => {
    const open = ofType('AWS::EC2::SecurityGroup').filter(([, { Properties }]) =>
      (Properties.SecurityGroupIngress ?? []).some(
        (rule: { readonly CidrIp?: string }) => rule.CidrIp === '0.0.0.0/0',
      ),
    );
    expect(open.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['PublicDoor']);
    const loose = ofType('AWS::EC2::SecurityGroupIngress').filter(
      ([, { Properties }]) => Properties.SourceSecurityGroupId === undefined,
    );
    expect(loose).toEqual([]);
  });

  test('without the origin secret the load balancer says 403 and nothing else', () => {
    const [[, listener]] = ofType('AWS::ElasticLoadBalancingV2::Listener') as [[string, Resource]];
    expect(listener.Properties.DefaultActions).toEqual([
      { FixedResponseConfig: { StatusCode: '403' }, Type: 'fixed-response' },
    ]);
    const [[, rule]] = ofType('AWS::ElasticLoadBalancingV2::ListenerRule') as [[string, Resource]];
    const { Values } = rule.Properties.Conditions[0].HttpHeaderConfig;
    // Both values count while one replaces the other; the template holds neither.
    expect(Values.map(stageOf)).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  test('tasks have no public address and, without listed hosts, no way out', () => {
    for (const [, { Properties }] of ofType('AWS::ECS::Service')) {
      expect(Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp).toBe('DISABLED');
    }
    expect(ofType('AWS::EC2::NatGateway')).toEqual([]);
  });

  test('with listed hosts, no other name is resolved', async () => {
    const { resources } = await synthesise({
      ...EXAMPLE,
      outboundHosts: ['siem.example.org'],
    });
    const lists = Object.values(resources.run)
      .filter(({ Type }) => Type === 'AWS::Route53Resolver::FirewallDomainList')
      .map(({ Properties }) => Properties.Domains);
    expect(lists).toEqual([['siem.example.org.', '*.amazonaws.com.', '*.internal.'], ['*.']]);
  });
});

describe('what is kept', () => {
  test('tables can be brought back to any moment, and not be deleted by mistake', () => {
    const tables = ofType('AWS::DynamoDB::GlobalTable');
    expect(tables.length).toBe(5);
    for (const [id, { Properties, DeletionPolicy }] of tables) {
      const [replica] = Properties.Replicas;
      expect(replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, id).toBe(true);
      expect(replica.DeletionProtectionEnabled, id).toBe(true);
      expect(replica.SSESpecification.KMSMasterKeyId, id).toBeDefined();
      expect(DeletionPolicy, id).toBe('Retain');
    }
  });

  test('every bucket is private, versioned and asks for TLS', () => {
    const policies = ofType('AWS::S3::BucketPolicy').map(([, { Properties }]) =>
      JSON.stringify(Properties),
    );
    for (const [id, { Properties, DeletionPolicy }] of ofType('AWS::S3::Bucket')) {
      expect(Object.values(Properties.PublicAccessBlockConfiguration), id).toEqual(
        Array(4).fill(true),
      );
      expect(Properties.VersioningConfiguration.Status, id).toBe('Enabled');
      expect(DeletionPolicy, id).toBe('Retain');
      const own = policies.filter((policy) => policy.includes(`"Ref":"${id}"`));
      expect(own.join(), id).toContain('aws:SecureTransport');
    }
  });

  test('checkpoints cannot be removed by anybody for a year', () => {
    const locked = ofType('AWS::S3::Bucket').filter(
      ([, { Properties }]) => Properties.ObjectLockEnabled,
    );
    expect(locked.map(([, { Properties }]) => Properties.ObjectLockConfiguration.Rule)).toEqual([
      { DefaultRetention: { Days: 365, Mode: 'COMPLIANCE' } },
    ]);
  });

  test('keys rotate', () => {
    for (const [id, { Properties }] of ofType('AWS::KMS::Key')) {
      expect(Properties.EnableKeyRotation, id).toBe(true);
    }
  });
});

describe('what a service may do', () => {
  test('no service has a wildcard of actions', () => {
    const actions = ofType('AWS::IAM::Policy')
      .filter(([id]) => id.startsWith('Task') && id.includes('TaskRole'))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action }: Statement) => Action);
    expect(actions.length).toBeGreaterThan(30);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('the ledger reads and puts; what it has written once it can neither change nor remove', () => {
    expect(denied(stacks)).toEqual([[...LEDGER_BLOCKS, ...LEDGER_FIXED]]);
  });

  test('where purges are allowed, blocks can be removed, and nothing else of what is fixed', async () => {
    expect(denied(await synthesise({ ...EXAMPLE, ledgerMayPurge: true }))).toEqual([LEDGER_FIXED]);
  });

  test('what became of mail to people is for the gateway alone, which sends it', () => {
    const readers = ofType('AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
      JSON.stringify(Properties.PolicyDocument).includes('mailfeedback') ? [id] : [],
    );
    expect(readers.map((id) => id.slice(0, 'Taskgateway'.length))).toEqual(['Taskgateway']);
  });

  test('nobody opens the table of another service', () => {
    const tables = ofType('AWS::IAM::Policy')
      .filter(([id]) => id.includes('TaskRole'))
      .map(([id, { Properties }]) => {
        const text = JSON.stringify(Properties.PolicyDocument);
        return [id, new Set(text.match(/Table[a-z]+(?=[0-9A-F]{8}Arn)/g)).size] as const;
      });
    expect(tables.filter(([, count]) => count > 1)).toEqual([]);
  });

  test('secrets come as files: no variable holds one, and nothing else can be written to', () => {
    const definitions = ofType('AWS::ECS::TaskDefinition');
    expect(definitions.length).toBe(6);
    for (const [id, { Properties }] of definitions) {
      for (const container of Properties.ContainerDefinitions) {
        const text = JSON.stringify(container.Environment ?? []);
        expect(text, id).not.toMatch(/resolve:secretsmanager|arn:aws:secretsmanager/);
        expect(container.Secrets, id).toBeUndefined();
        expect(container.ReadonlyRootFilesystem, id).toBe(true);
        expect(container.User, id).toBe('1000');
      }
      const [, worker] = Properties.ContainerDefinitions;
      expect(worker.DependsOn.map(({ Condition }: { Condition: string }) => Condition)).toEqual([
        'HEALTHY',
      ]);
    }
  });
});

test('every process understands the variables that it is given', () => {
  for (const [id, { Properties }] of ofType('AWS::ECS::TaskDefinition')) {
    const [, worker] = Properties.ContainerDefinitions;
    if (worker.Name === 'bus') continue;
    const given: readonly { readonly Name: string; readonly Value: unknown }[] = worker.Environment;
    const environment = Object.fromEntries(
      given.map(({ Name, Value }) => [Name, textOf(Name, Value)]),
    );
    expect(faultsIn(worker.Name, environment), id).toEqual([]);
    expect(awsSettingsOf(readConfig(profileVariables, environment)), id).toBeDefined();
  }
});

/** A value that is known only when the stack is deployed stands for one of its kind. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  return name === 'CACHE_URL' ? 'rediss://cache.internal:6379' : 'known-later';
}

/** Partitions in which the ledger's role may remove nothing. */
function denied({ resources }: Stacks): string[][] {
  return Object.entries(resources.run)
    .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith('TaskledgerTaskRole'))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === 'Deny')
    .map(({ Condition }) => Condition['ForAnyValue:StringLike']['dynamodb:LeadingKeys']);
}

/** The version that a reference to a secret asks for. */
function stageOf(value: unknown): string | undefined {
  return /:(AWS[A-Z]+):/.exec(JSON.stringify(value))?.[1];
}
