/** Files alone: reaches the other services over NATS. */
import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { openFiles } from './service.ts';

if (import.meta.main) {
  await runProcess('files', async (stack) => {
    const config = readConfig(
      { ...commonVariables, ...busVariables, ...profileVariables },
      process.env,
    );
    const publicOrigin = publicOriginOf(config);
    const { host, parts } = await openAlone(stack, { name: 'files', publicOrigin, config });
    const { blobs } = await host.blobs('files');
    stack.use(await openFiles({ ...parts, blobs }));
    parts.log.info({}, 'ready');
  });
}
