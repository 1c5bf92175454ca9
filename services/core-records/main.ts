/** Core-records alone: reaches the other services over NATS. */
import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { openCoreRecords } from './service.ts';

if (import.meta.main) {
  await runProcess('core-records', async (stack) => {
    const config = readConfig(
      { ...commonVariables, ...busVariables, ...profileVariables },
      process.env,
    );
    const publicOrigin = publicOriginOf(config);
    const { parts } = await openAlone(stack, { name: 'core-records', publicOrigin, config });
    stack.use(await openCoreRecords(parts));
    parts.log.info({}, 'ready');
  });
}
