import { Duration, type Stack } from 'aws-cdk-lib';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { MxRecord, TxtRecord } from 'aws-cdk-lib/aws-route53';
import {
  ConfigurationSet,
  ConfigurationSetTlsPolicy,
  EmailIdentity,
  EmailSendingEvent,
  EventDestination,
  Identity,
  ReceiptRuleSet,
  TlsPolicy,
} from 'aws-cdk-lib/aws-ses';
import { S3 } from 'aws-cdk-lib/aws-ses-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Keys } from './keys.ts';
import type { Stores } from './stores.ts';

/** A consumer beats while it works; who does not for this long has died. */
const VISIBILITY = Duration.minutes(2);
/** The longest that SQS keeps a message: an outage of two weeks costs nothing. */
const KEPT = Duration.days(14);
const TRIES_MAX = 5;

export interface MailQueue {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

export interface Mail {
  /** Receipt notifications of SES: where a mail lies and what was found about it. */
  readonly received: MailQueue;
  /** Work of cad-ingest itself. */
  readonly work: MailQueue;
  /** What became of mail that was sent: bounces and complaints. */
  readonly feedback: MailQueue;
  readonly configurationSet: ConfigurationSet;
  readonly identity: EmailIdentity;
}

/** Where SES puts raw mail; `cad-ingest` takes it from there into its own place. */
export const RECEIVED_PREFIX = 'ses/';

export function addMail(
  stack: Stack,
  about: {
    readonly name: string;
    readonly domain: string;
    readonly mailDomain: string;
    readonly zone: IHostedZone;
    readonly keys: Keys;
    readonly stores: Stores;
  },
): Mail {
  const { name, mailDomain, zone, keys, stores } = about;
  const queueOf = (id: string) => addQueue(stack, `${name}-${id}`, keys);
  const [received, work, feedback] = [
    queueOf('mail-received'),
    queueOf('cad-work'),
    queueOf('mail-feedback'),
  ];
  const configurationSet = new ConfigurationSet(stack, 'MailOut', {
    configurationSetName: name,
    tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
    reputationMetrics: true,
    // Ours is the list: the gateway's, where an administrator can lift it (services/gateway/mail).
    disableSuppressionList: true,
  });
  const identity = new EmailIdentity(stack, 'MailIdentity', {
    identity: Identity.publicHostedZone(zone),
    configurationSet,
    mailFromDomain: `bounce.${zone.zoneName}`,
  });
  const bounces = topicInto(stack, 'Bounces', keys, feedback.queue);
  configurationSet.addEventDestination('Feedback', {
    destination: EventDestination.snsTopic(bounces),
    events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT, EmailSendingEvent.REJECT],
  });
  addRecords(stack, zone, mailDomain);
  addReceiptRule(stack, { mailDomain, stores, keys, queue: received.queue, name });
  return { received, work, feedback, configurationSet, identity };
}

/** Mail for the department comes to SES; receivers of ours know what to think of forgeries. */
function addRecords(stack: Stack, zone: IHostedZone, mailDomain: string): void {
  new MxRecord(stack, 'MailMx', {
    zone,
    recordName: mailDomain,
    values: [{ priority: 10, hostName: `inbound-smtp.${stack.region}.amazonaws.com` }],
  });
  new TxtRecord(stack, 'MailDmarc', {
    zone,
    recordName: `_dmarc.${zone.zoneName}`,
    values: ['v=DMARC1; p=reject; adkim=s; aspf=r'],
  });
}

/**
 * Virus and spam verdicts are made by SES and travel with the notification, as do SPF, DKIM and
 * DMARC. Nothing is bounced or dropped here: what is not trusted is quarantined where it shows.
 */
function addReceiptRule(
  stack: Stack,
  about: {
    readonly name: string;
    readonly mailDomain: string;
    readonly stores: Stores;
    readonly keys: Keys;
    readonly queue: Queue;
  },
): void {
  const { name, mailDomain, stores, keys, queue } = about;
  const rules = new ReceiptRuleSet(stack, 'MailRules', { receiptRuleSetName: name });
  rules.addRule('Dispatch', {
    recipients: [mailDomain],
    scanEnabled: true,
    tlsPolicy: TlsPolicy.OPTIONAL,
    actions: [
      new S3({
        bucket: stores.cadMail,
        objectKeyPrefix: RECEIVED_PREFIX,
        topic: topicInto(stack, 'Received', keys, queue),
      }),
    ],
  });
}

function topicInto(stack: Stack, id: string, keys: Keys, queue: Queue): Topic {
  const topic = new Topic(stack, `Topic${id}`, { masterKey: keys.data, enforceSSL: true });
  topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));
  return topic;
}

function addQueue(stack: Stack, queueName: string, keys: Keys): MailQueue {
  const common = {
    encryption: QueueEncryption.KMS,
    encryptionMasterKey: keys.data,
    enforceSSL: true,
    retentionPeriod: KEPT,
  };
  const deadLetters = new Queue(stack, `Queue-${queueName}-dead`, {
    ...common,
    queueName: `${queueName}-dead`,
  });
  const queue = new Queue(stack, `Queue-${queueName}`, {
    ...common,
    queueName,
    visibilityTimeout: VISIBILITY,
    receiveMessageWaitTime: Duration.seconds(20),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: TRIES_MAX },
  });
  return { queue, deadLetters };
}
