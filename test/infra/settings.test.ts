import { describe, expect, test } from 'vitest';
import { faultsOf, readSettings } from '#infra/settings.ts';

const EXAMPLE = readSettings('infra/settings.example.json');

describe('settings', () => {
  test('the example has no fault', () => expect(faultsOf(EXAMPLE)).toEqual([]));

  test.each([
    ['region', 'eu-central-1'],
    ['region', 'ca-central-1'],
    ['account', '1234'],
    ['domain', 'http://desk.example.org'],
    ['imageDigests', { service: 'latest', bus: 'latest' }],
    ['outboundHosts', 'siem.example.org'],
    ['departments', 0],
    ['alarmEmail', undefined],
    ['collectorAuthorities', { bucket: '' }],
    ['colour', 'red'],
  ])('%s %j is refused by its name, with the mend', (key, value) => {
    const [fault, ...more] = faultsOf({ ...EXAMPLE, [key]: value });
    expect(more).toEqual([]);
    expect(fault).toMatch(new RegExp(`^${key}: .{10,}`));
  });

  test('what is no object is refused', () => {
    expect(faultsOf([])).toEqual(['it must be one JSON object']);
  });
});
