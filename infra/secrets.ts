import { Duration, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ReplicaRegion, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ANY_RESOURCE, acknowledge } from './acknowledged.ts';
import type { Keys } from './keys.ts';

const ROTATED_EVERY = Duration.days(90);
const PASSWORD_CHARS = 48;

/** A random password that replaces itself; both the last and the one before are valid in between. */
export function addPassword(
  stack: Stack,
  about: {
    readonly id: string;
    readonly secretName: string;
    readonly description: string;
    readonly key: Key;
    readonly rotation: Lambda;
    readonly replicas?: readonly ReplicaRegion[];
  },
): Secret {
  const { id, secretName, description, key, rotation, replicas = [] } = about;
  const secret = new Secret(stack, id, {
    secretName,
    description,
    encryptionKey: key,
    generateSecretString: { passwordLength: PASSWORD_CHARS, excludePunctuation: true },
    replicaRegions: [...replicas],
  });
  secret.addRotationSchedule('Rotation', {
    rotationLambda: rotation,
    automaticallyAfter: ROTATED_EVERY,
    rotateImmediatelyOnUpdate: false,
  });
  return secret;
}

/** Makes the next random value of a secret and puts it in its place. It reads no value. */
export function addRotation(stack: Stack, keys: Pick<Keys, 'watch'>): Lambda {
  const logGroup = new LogGroup(stack, 'RotationLog', {
    retention: RetentionDays.THIRTEEN_MONTHS,
    encryptionKey: keys.watch,
  });
  const role = new Role(stack, 'RotationRole', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  });
  logGroup.grantWrite(role);
  const rotation = new Lambda(stack, 'Rotation', {
    description: 'Replaces random passwords',
    runtime: Runtime.NODEJS_LATEST,
    handler: 'index.handler',
    code: Code.fromInline(ROTATE),
    timeout: Duration.seconds(30),
    memorySize: 128,
    reservedConcurrentExecutions: 2,
    environmentEncryption: keys.watch,
    logGroup,
    role,
  });
  acknowledge(role, ANY_RESOURCE, 'Making a random password is of no resource.');
  acknowledge(rotation, 'NIST.800.53.R5-LambdaDLQ', 'Secrets Manager tries again and alarms.');
  acknowledge(
    rotation,
    'NIST.800.53.R5-LambdaInsideVPC',
    'It talks to Secrets Manager and to nothing of ours.',
  );
  return rotation;
}

/**
 * The four steps of a rotation: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 * `setSecret` and `testSecret` have nothing to do: who uses the secret reads both versions.
 */
const ROTATE = `
const { SecretsManager } = require('@aws-sdk/client-secrets-manager');
const secrets = new SecretsManager();
exports.handler = async ({ Step, SecretId, ClientRequestToken }) => {
  const { VersionIdsToStages: stages = {} } = await secrets.describeSecret({ SecretId });
  const holds = (stage) => Object.keys(stages).find((id) => stages[id].includes(stage));
  if (stages[ClientRequestToken] === undefined) throw new Error('no such version');
  if (holds('AWSCURRENT') === ClientRequestToken) return;
  if (Step === 'createSecret') {
    const { RandomPassword } = await secrets.getRandomPassword({
      PasswordLength: ${PASSWORD_CHARS}, ExcludePunctuation: true });
    const pending = { SecretId, ClientRequestToken, SecretString: RandomPassword };
    await secrets.putSecretValue({ ...pending, VersionStages: ['AWSPENDING'] }).catch((error) => {
      if (error.name !== 'ResourceExistsException') throw error;
    });
  }
  if (Step === 'finishSecret') {
    await secrets.updateSecretVersionStage({ SecretId, VersionStage: 'AWSCURRENT',
      MoveToVersionId: ClientRequestToken, RemoveFromVersionId: holds('AWSCURRENT') });
  }
};
`;
