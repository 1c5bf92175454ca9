/**
 * The installation on many machines, as CloudFormation templates.
 *
 * `node infra/app.ts [--settings FILE] [--out FOLDER]` writes them; nothing is asked of any account.
 *
 * 1. `edge`, in us-east-1: content network, firewall, pages, the origin secret.
 * 2. `data`: keys, tables, buckets, mail and queues: what must outlive everything else.
 * 3. `run`: network, bus, cache, services, load balancer, alarms: can be made anew at any time.
 */
import { parseArgs } from 'node:util';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { acknowledgePolicies } from './acknowledged.ts';
import { addData } from './data-stack.ts';
import { addEdgeStack } from './edge-stack.ts';
import { addRun } from './run-stack.ts';
import { EDGE_REGION, readSettings, type Settings } from './settings.ts';

export function openApp(settings: Settings, outdir?: string): App {
  const app = new App({
    analyticsReporting: false,
    ...(outdir === undefined ? {} : { outdir }),
  });
  const { name, account, region, domain } = settings;
  const stackIn = (part: string, where: string) => {
    const stack = new Stack(app, `${name}-${part}`, {
      env: { account, region: where },
      description: `Watchdesk ${part} for ${domain}`,
      terminationProtection: true,
    });
    acknowledgePolicies(stack);
    return stack;
  };
  addEdgeStack(stackIn('edge', EDGE_REGION), settings);
  const data = addData(stackIn('data', region), settings);
  addRun(stackIn('run', region), settings, data);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app));
  return app;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      settings: { type: 'string', default: 'infra/settings.example.json' },
      out: { type: 'string', default: 'data/infra' },
    },
  });
  openApp(readSettings(values.settings), values.out).synth();
  process.stdout.write(`Templates are in ${values.out}.\n`);
}
