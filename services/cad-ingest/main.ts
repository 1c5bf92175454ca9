import { busVariables, commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { openAlone } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { cadIngestVariables, smtpSettingsOf } from './config.ts';
import { openCadIngest } from './service.ts';

const name = 'cad-ingest';

if (import.meta.main) {
  await runProcess(name, async (stack) => {
    const variables = {
      ...commonVariables,
      ...busVariables,
      ...profileVariables,
      ...cadIngestVariables,
    };
    const config = readConfig(variables, process.env);
    const publicOrigin = publicOriginOf(config);
    const { host, parts } = await openAlone(stack, { name, publicOrigin, config });
    const { blobs } = await host.blobs('cad-mail');
    const queue = await host.queue(name);
    const received = await host.received();
    const smtp = smtpSettingsOf(config);
    const mailDomain = config.MAIL_DOMAIN;
    const doors = { smtp, received };
    const service = stack.use(
      await openCadIngest({ ...parts, ...doors, blobs, queue, mailDomain }),
    );
    parts.log.info({ smtpPort: service.smtpPort, mailDomain }, 'ready');
  });
}
