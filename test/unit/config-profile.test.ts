import { describe, expect, test } from 'vitest';
import { readConfig } from '#shared/config.ts';
import { mailVariables, relaySettingsOf } from '#shared/config-mail.ts';
import { awsSettingsOf, profileVariables } from '#shared/config-profile.ts';

const settingsOf = (environment: Readonly<Record<string, string>>) =>
  awsSettingsOf(readConfig(profileVariables, environment));

const enough = {
  PROFILE: 'aws',
  AWS_REGION: 'us-gov-west-1',
  INSTALLATION: 'county-desk',
  VAULT_KEY_ID: 'alias/county-desk',
  MAIL_FROM: 'desk@county.example',
  CACHE_URL: 'rediss://cache.internal:6379',
};

describe('who carries mail', () => {
  const relayOf = (environment: Readonly<Record<string, string>>) =>
    relaySettingsOf(readConfig(mailVariables, environment));
  const relay = { MAIL_RELAY_URL: 'smtps://relay.example', MAIL_FROM: 'desk@county.example' };

  test('is nobody unless a relay is named', () => {
    expect(relayOf({ MAIL_FROM: 'desk@county.example' })).toBeUndefined();
    expect(relayOf(relay)).toEqual({ url: relay.MAIL_RELAY_URL, from: relay.MAIL_FROM });
  });

  test('needs a sender, and a password with a user', () => {
    expect(() => relayOf({ MAIL_RELAY_URL: relay.MAIL_RELAY_URL })).toThrow('MAIL_FROM');
    expect(() => relayOf({ ...relay, MAIL_RELAY_USER: 'desk' })).toThrow(
      'MAIL_RELAY_PASSWORD_FILE',
    );
    expect(() => relayOf({ ...relay, MAIL_RELAY_URL: 'http://relay.example' })).toThrow();
    const signIn = { MAIL_RELAY_USER: 'desk', MAIL_RELAY_PASSWORD_FILE: '/run/secrets/mail' };
    expect(relayOf({ ...relay, ...signIn })).toMatchObject({
      signIn: { user: 'desk', passwordFile: '/run/secrets/mail' },
    });
  });

  test('is SES on AWS, and no relay beside it', () => {
    expect(() => settingsOf({ ...enough, ...relay })).toThrow('leave MAIL_RELAY_URL out');
  });
});

describe('the profile', () => {
  test('is embedded unless it is said to be another, whatever else is set', () => {
    expect(settingsOf({})).toBeUndefined();
    const { PROFILE: _, ...others } = enough;
    expect(settingsOf(others)).toBeUndefined();
  });

  test('on AWS has what was given, and nothing in the place of what was not', () => {
    expect(settingsOf(enough)).toEqual({
      aws: { region: 'us-gov-west-1' },
      installation: 'county-desk',
      buckets: {},
      checkpointLockDays: 365,
      vaultKeyId: 'alias/county-desk',
      mail: { from: 'desk@county.example' },
      cache: { url: 'rediss://cache.internal:6379' },
    });
    const more = {
      ...enough,
      AWS_ENDPOINT: 'http://127.0.0.1:5000',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000',
      FILES_BUCKET: 'files',
      CACHE_PASSWORD_FILE: '/run/secrets/cache',
      CHECKPOINT_LOCK_DAYS: '30',
    };
    expect(settingsOf(more)).toMatchObject({
      aws: { endpoint: 'http://127.0.0.1:5000' },
      dynamoEndpoint: 'http://127.0.0.1:8000',
      buckets: { files: 'files' },
      cache: { passwordFile: '/run/secrets/cache' },
      checkpointLockDays: 30,
    });
  });

  test('on AWS names every variable that it still needs', () => {
    expect(() => settingsOf({ PROFILE: 'aws', INSTALLATION: 'county-desk' })).toThrow(
      'PROFILE=aws needs AWS_REGION, VAULT_KEY_ID, MAIL_FROM, CACHE_URL as well.',
    );
  });

  test.each(['eu-central-1', 'ca-central-1', 'us-east-9', 'US-EAST-1'])(
    'does not start in %s, because the data stays in the United States',
    (AWS_REGION) => {
      expect(() => settingsOf({ ...enough, AWS_REGION })).toThrow('region of the United States');
    },
  );

  test.each([
    ['PROFILE', 'gcp'],
    ['INSTALLATION', 'County Desk'],
    ['CACHE_URL', 'http://cache'],
    ['AWS_ENDPOINT', 'localhost:5000'],
    ['MAIL_FROM', 'nobody'],
    ['CHECKPOINT_LOCK_DAYS', '0'],
  ])('refuses %s=%s by its name', (variable, value) => {
    expect(() => settingsOf({ ...enough, [variable]: value })).toThrow(variable);
  });
});
