/** The ledger alone in a process; the others reach it over NATS. */
import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { ledgerSettings, ledgerVariables } from './config.ts';
import { openLedger } from './service.ts';

if (import.meta.main) {
  await runProcess('ledger', async (stack) => {
    const config = readConfig(
      { ...commonVariables, ...busVariables, ...profileVariables, ...ledgerVariables },
      process.env,
    );
    const publicOrigin = publicOriginOf(config);
    const { host, parts } = await openAlone(stack, { name: 'ledger', publicOrigin, config });
    const { blobs: checkpoints } = await host.blobs('checkpoints');
    const publicHost = new URL(publicOrigin).host;
    const settings = await ledgerSettings(config);
    stack.use(await openLedger({ ...parts, ...settings, checkpoints, host: () => publicHost }));
    parts.log.info({ dataDir: config.DATA_DIR }, 'ready');
  });
}
