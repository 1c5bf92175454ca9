import { describe, expect, test } from 'vitest';
import type { Settings } from '#infra/settings.ts';
import { EXAMPLE, synthesise } from './stacks.ts';

const variants: readonly (readonly [string, Settings])[] = [
  ['the example', EXAMPLE],
  ['a way out to listed hosts', { ...EXAMPLE, outboundHosts: ['siem.example.org'] }],
  [
    'collectors with certificates',
    { ...EXAMPLE, collectorAuthorities: { bucket: 'authorities', key: 'ca.pem' } },
  ],
  ['everything in the region of the content network', { ...EXAMPLE, region: 'us-east-1' }],
];

describe('AwsSolutions and NIST 800-53 R5', () => {
  test.each(variants)('find nothing without a written reason in %s', async (_, settings) => {
    const { violations, acknowledged } = await synthesise(settings);
    expect(violations).toEqual([]);
    for (const line of acknowledged) expect(line).toMatch(/: \S+(\[.*\])?: .{20,}/);
  });

  test('are asked: a finding that is not acknowledged shows', async () => {
    const { acknowledged } = await synthesise();
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.some((line) => line.includes('NIST.800.53.R5'))).toBe(true);
  });
});
