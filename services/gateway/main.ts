import { join } from 'node:path';
import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { gatewaySettings, gatewayVariables } from './config.ts';
import { openGateway } from './service.ts';

if (import.meta.main) {
  await runProcess('gateway', async (stack) => {
    const variables = { ...commonVariables, ...busVariables, ...gatewayVariables };
    const config = readConfig(variables, process.env);
    const { PUBLIC_ORIGIN, HTTP_HOST: host, HTTP_PORT: port, DATA_DIR } = config;
    const publicOrigin = publicOriginOf(config);
    const { host: ports, parts } = await openAlone(stack, {
      name: 'gateway',
      publicOrigin,
      config,
    });
    const [files, mail] = [await ports.blobs('files'), await ports.blobs('cad-mail')];
    const checkpoints = await ports.blobs('checkpoints');
    const gateway = stack.use(
      await openGateway({
        ...parts,
        ...gatewaySettings(config),
        http: { host, port },
        ...(PUBLIC_ORIGIN === undefined ? {} : { publicOrigin }),
        doors: { files: files.door, 'cad-mail': mail.door, checkpoints: checkpoints.door },
        cache: ports.cache,
        mailer: ports.mailer,
        firstRunFile: join(DATA_DIR, 'first-run.json'),
      }),
    );
    parts.log.info({ origin: gateway.origin }, 'ready');
  });
}
