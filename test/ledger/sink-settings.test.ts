import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ledgerSettings } from '#services/ledger/config.ts';
import { readSinks } from '#services/ledger/sinks/settings.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const webhook = {
  name: 'soc',
  type: 'webhook',
  tenants: 'all',
  url: 'https://SIEM.example/in',
  allowedHosts: ['SIEM.example'],
  secretFile: 'keys/soc',
};
const syslog = {
  name: 'county',
  type: 'syslog',
  tenants: ['platform'],
  host: 'logs.example',
  allowedHosts: ['logs.example'],
  caFile: 'ca.pem',
  format: 'cef',
};

async function openFile(content: unknown, secret = 'k'.repeat(32)) {
  const folder = await temporaryFolder();
  await mkdir(join(folder.path, 'keys'));
  await writeFile(join(folder.path, 'keys/soc'), `${secret}\n`);
  await writeFile(join(folder.path, 'ca.pem'), 'PEM');
  const file = join(folder.path, 'sinks.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return { file, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('the file of the sinks', () => {
  test('names secrets by files beside it, and has safe defaults', async () => {
    await using at = await openFile({ v: 1, sinks: [webhook, syslog] });
    expect(await readSinks(at.file)).toEqual([
      {
        name: 'soc',
        type: 'webhook',
        format: 'ocsf',
        tenants: 'all',
        url: 'https://SIEM.example/in',
        allowedHosts: ['siem.example'],
        allowPrivate: false,
        secret: Buffer.from('k'.repeat(32)),
      },
      {
        name: 'county',
        type: 'syslog',
        format: 'cef',
        tenants: ['platform'],
        host: 'logs.example',
        port: 6514,
        allowedHosts: ['logs.example'],
        allowPrivate: false,
        ca: 'PEM',
      },
    ]);
    expect(await ledgerSettings({ LEDGER_SINKS_FILE: at.file })).toHaveProperty('sinks');
    expect(await ledgerSettings({})).toEqual({});
  });

  test.each([
    ['plain HTTP', { ...webhook, url: 'http://siem.example/' }],
    ['credentials in the URL', { ...webhook, url: 'https://a:b@siem.example/' }],
    ['no allowed host', { ...webhook, allowedHosts: [] }],
    ['a secret in place', { ...webhook, secret: 'k'.repeat(32) }],
    ['a name that no row takes', { ...webhook, name: 'So C' }],
    ['no tenants', { ...webhook, tenants: [] }],
    ['syslog without an authority', { ...syslog, caFile: undefined }],
    ['another type', { ...webhook, type: 'kafka' }],
  ])('with %s is refused', async (_name, sink) => {
    await using at = await openFile({ v: 1, sinks: [sink] });
    await expect(readSinks(at.file)).rejects.toThrow('does not fit');
  });

  test('with two sinks of one name, a short secret, or no JSON is refused', async () => {
    await using twice = await openFile({ v: 1, sinks: [webhook, webhook] });
    await expect(readSinks(twice.file)).rejects.toThrow('a name of its own');
    await using short = await openFile({ v: 1, sinks: [webhook] }, 'secret');
    await expect(readSinks(short.file)).rejects.toThrow('at least 32 characters');
    await using broken = await openFile('{"secret": "hunter2"');
    const failure = await readSinks(broken.file).catch((error: Error) => error.message);
    expect(failure).toMatch(/does not fit/);
    expect(failure).not.toContain('hunter2');
  });
});
