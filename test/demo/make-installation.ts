/**
 * Makes on engines what the templates of an installation make on AWS, by the variables of its
 * processes. Making it again changes nothing.
 */

import { readConfig } from '#shared/config.ts';
import { profileVariables } from '#shared/config-profile.ts';
import { fillInstallation } from '#test/support/aws-installation.ts';

const config = readConfig(profileVariables, process.env);
const { AWS_REGION: region, AWS_ENDPOINT: endpoint, DYNAMODB_ENDPOINT: dynamo } = config;
const { INSTALLATION: name, MAIL_FROM: from } = config;
if (!region || !endpoint || !dynamo || !name || !from) {
  throw new Error(
    'AWS_REGION, AWS_ENDPOINT, DYNAMODB_ENDPOINT, INSTALLATION, MAIL_FROM are needed.',
  );
}
await fillInstallation({
  aws: { region, endpoint },
  dynamo: { region, endpoint: dynamo },
  name,
  from,
  keyAlias: `alias/${name}`,
});
