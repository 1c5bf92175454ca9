import { describe, expect, test } from 'vitest';
import { judgedAddress, kindOf } from '#shared/outbound.ts';

describe('the kind of an address', () => {
  test.each([
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => expect(kindOf(address)).toBe('public'));

  test.each([
    '10.0.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
  ])('%s is private', (address) => expect(kindOf(address)).toBe('private'));

  test.each([
    '0.0.0.0',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::127.0.0.1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fec0::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'siem.example',
    '127.1',
    '',
  ])('%s is none that a host may have', (address) => expect(kindOf(address)).toBe('never'));
});

describe('a destination', () => {
  const about = { host: 'siem.example', allowedHosts: ['siem.example'], allowPrivate: false };
  const answering =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: 4 as const }));

  test('is an address of the host, resolved once', async () => {
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [{ address: '8.8.8.8', family: 4 as const }];
    };
    expect(await judgedAddress(about, resolve)).toEqual({ address: '8.8.8.8', family: 4 });
    expect(asked).toBe(1);
    expect(await judgedAddress({ ...about, host: 'SIEM.example' }, resolve)).toBeDefined();
  });

  test('that is not allowed is not even looked up', async () => {
    const resolve = async () => expect.unreachable();
    for (const host of ['evil.example', 'siem.example.evil.example', '127.0.0.1', '']) {
      await expect(judgedAddress({ ...about, host }, resolve)).rejects.toThrow('not among');
    }
  });

  test('with one address that is not allowed is refused whatever the others are', async () => {
    const mixed = judgedAddress(about, answering('8.8.8.8', '10.0.0.1'));
    await expect(mixed).rejects.toThrow('private address');
    const none = judgedAddress(about, answering());
    await expect(none).rejects.toThrow('no address');
  });

  test('may be private when the configuration says so, and a metadata service never', async () => {
    const inside = { ...about, allowPrivate: true };
    expect(await judgedAddress(inside, answering('10.0.0.1'))).toMatchObject({
      address: '10.0.0.1',
    });
    const metadata = judgedAddress(inside, answering('169.254.169.254'));
    await expect(metadata).rejects.toThrow('that no host may have');
  });

  test('is resolved by the system when nothing else is given', async () => {
    const local = { host: 'localhost', allowedHosts: ['localhost'], allowPrivate: true };
    expect(kindOf((await judgedAddress(local)).address)).toBe('private');
  });
});
