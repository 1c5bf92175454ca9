import { Duration, type Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { HttpCodeElb, HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { FilterPattern, LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { alarmKinds } from '#contracts/alarms.ts';
import type { Data } from './access.ts';
import type { Door } from './door.ts';
import type { MailQueue } from './mail.ts';
import { SERVICES, type ServiceName } from './services.ts';
import type { Settings } from './settings.ts';
import type { Task } from './tasks.ts';

const NAMESPACE = 'Watchdesk';
const MINUTE = Duration.minutes(1);
/** Mail may wait this long before somebody is told; a page is of use for minutes. */
const MAIL_WAITS_SECONDS_MAX = 60;
const SLOW_SECONDS = 2;

/** Where alarms go, the rules that raise them, and one page to look at. */
export function addWatch(
  stack: Stack,
  about: {
    readonly settings: Settings;
    readonly data: Data;
    readonly door: Door;
    readonly tasks: Readonly<Record<ServiceName, Task>>;
  },
): void {
  const { settings, data, door, tasks } = about;
  const topic = new Topic(stack, 'Alarms', { masterKey: data.keys.watch, enforceSSL: true });
  topic.addSubscription(new EmailSubscription(settings.alarmEmail));
  const raise = (id: string, metric: IMetric, threshold: number, description: string) => {
    const alarm = new Alarm(stack, id, {
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    return metric;
  };
  const said = alarmKinds.map((kind) =>
    raise(`Said-${kind}`, saidMetric(stack, kind), 1, `A service said: ${kind}`),
  );
  const queues = queueMetrics(data).flatMap(({ name, waiting, dead }) => [
    raise(`Waits-${name}`, waiting, MAIL_WAITS_SECONDS_MAX, `${name}: the oldest waits, in s`),
    raise(`Dead-${name}`, dead, 1, `${name}: dead letters`),
  ]);
  const answers = [
    raise('Failing', failures(door), 5, 'Answers that were our fault, in a minute'),
    raise('Slow', slowness(door), SLOW_SECONDS, 'One in a hundred answers took longer, in s'),
    raise('NobodyThere', unhealthy(door), 1, 'Gateways that do not answer'),
  ];
  for (const { name } of SERVICES) {
    const running = tasks[name].service.metricCpuUtilization({ period: Duration.minutes(5) });
    raise(`Busy-${name}`, running, 90, `${name}: processors are at their end, in %`);
  }
  addDashboard(stack, settings.name, { said, queues, answers, tasks });
}

/** Each kind of alarm is a line of a service's log (shared/log.ts); the services count as one. */
function saidMetric(stack: Stack, kind: string): IMetric {
  for (const { name } of SERVICES) {
    const logGroup = stack.node.findChild(`Log-${name}`);
    if (!(logGroup instanceof LogGroup)) throw new Error(`${name} has no log`);
    new MetricFilter(stack, `Filter-${name}-${kind}`, {
      logGroup,
      metricNamespace: NAMESPACE,
      metricName: kind,
      filterPattern: FilterPattern.stringValue('$.alarm', '=', kind),
      metricValue: '1',
    });
  }
  return new Metric({
    namespace: NAMESPACE,
    metricName: kind,
    statistic: 'Sum',
    period: MINUTE,
    label: kind,
  });
}

function queueMetrics({ mail }: Data) {
  const of = (name: string, { queue, deadLetters }: MailQueue) => ({
    name,
    waiting: queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: 'Maximum' }),
    dead: deadLetters.metricApproximateNumberOfMessagesVisible({
      period: MINUTE,
      statistic: 'Maximum',
    }),
  });
  return [
    of('mail-received', mail.received),
    of('cad-work', mail.work),
    of('mail-feedback', mail.feedback),
  ];
}

function failures({ balancer }: Door): IMetric {
  return new MathExpression({
    expression: 'ours + theirs',
    usingMetrics: {
      ours: balancer.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period: MINUTE }),
      theirs: balancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { period: MINUTE }),
    },
    period: MINUTE,
    label: 'failed answers',
  });
}

function slowness({ balancer }: Door): IMetric {
  return balancer.metrics.targetResponseTime({ period: MINUTE, statistic: 'p99' });
}

function unhealthy({ targets }: Door): IMetric {
  return targets.metrics.unhealthyHostCount({ period: MINUTE, statistic: 'Maximum' });
}

function addDashboard(
  stack: Stack,
  name: string,
  shown: {
    readonly said: readonly IMetric[];
    readonly queues: readonly IMetric[];
    readonly answers: readonly IMetric[];
    readonly tasks: Readonly<Record<ServiceName, Task>>;
  },
): void {
  const { said, queues, answers, tasks } = shown;
  const graph = (title: string, left: readonly IMetric[]) =>
    new GraphWidget({ title, left: [...left], width: 12, height: 6 });
  const cpu = SERVICES.map(({ name: service }) => tasks[service].service.metricCpuUtilization());
  const memory = SERVICES.map(({ name: service }) =>
    tasks[service].service.metricMemoryUtilization(),
  );
  new Dashboard(stack, 'Dashboard', {
    dashboardName: name,
    widgets: [
      [graph('Said by the services', said), graph('Mail and work', queues)],
      [graph('Answers', answers), graph('Processors, %', cpu)],
      [graph('Memory, %', memory)],
    ],
  });
}
