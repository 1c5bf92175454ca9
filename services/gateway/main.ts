import { join } from 'node:path';
import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { gatewaySettings, gatewayVariables } from './config.ts';
import { openGateway } from './service.ts';

if (import.meta.main) {
  await runProcess('gateway', async (stack) => {
    const variables = {
      ...commonVariables,
      ...busVariables,
      ...profileVariables,
      ...gatewayVariables,
    };
    const config = readConfig(variables, process.env);
    const { PUBLIC_ORIGIN, HTTP_HOST: host, HTTP_PORT: port, DATA_DIR } = config;
    const publicOrigin = publicOriginOf(config);
    const { host: ports, parts } = await openAlone(stack, {
      name: 'gateway',
      publicOrigin,
      config,
    });
    const doors = {
      files: await ports.door('files'),
      'cad-mail': await ports.door('cad-mail'),
      checkpoints: await ports.door('checkpoints'),
    };
    const gateway = stack.use(
      await openGateway({
        ...parts,
        ...gatewaySettings(config),
        http: { host, port },
        ...(PUBLIC_ORIGIN === undefined ? {} : { publicOrigin }),
        doors,
        cache: ports.cache,
        mailer: ports.mailer,
        feedback: await ports.feedback(),
        firstRunFile: join(DATA_DIR, 'first-run.json'),
      }),
    );
    parts.log.info({ origin: gateway.origin }, 'ready');
  });
}
