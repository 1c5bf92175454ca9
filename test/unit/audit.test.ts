import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditEvent } from '#contracts/audit-event.ts';
import type { Caller } from '#contracts/caller.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import type { Json } from '#shared/ports/tables.ts';
import { person } from '#test/support/host.ts';

const tenant = '019a0000-0000-7000-8000-000000000001';
const officer = person({ tenant, roles: ['officer'] });
const now = new Date('2031-01-02T03:04:05.678Z');
const about = { action: 'core-records.incident.updated', object: { type: 'incident', id: 'x' } };

function decode(disclosure: string): [string, string, Json] {
  return JSON.parse(Buffer.from(disclosure, 'base64url').toString());
}

describe('auditEventOf', () => {
  test('says who, from where and in which session, and fits the contract', () => {
    const event = auditEvent.parse(auditEventOf({ ...about, caller: officer, now }));
    expect(event.actor).toEqual({
      ...officer.subject,
      address: officer.address,
      agent: officer.agent,
      session: officer.session,
    });
    expect(event).toMatchObject({ tenant, outcome: 'success', requestId: officer.requestId });
    expect(event.at).toBe('2031-01-02T03:04:05.678Z');
  });

  test('names the person when a service acts for one, and the service beside', () => {
    const service: Caller = {
      ...officer,
      subject: { type: 'service', id: 'files' },
      roles: ['job:files'],
      actingFor: officer,
    };
    const { actor } = auditEventOf({ ...about, caller: service, now });
    expect(actor).toMatchObject({ id: officer.subject.id, type: 'user', via: 'files' });
  });

  test('discloses each change behind a fresh salt of 128 bits', () => {
    const changes = [
      { field: 'nature', before: 'FIRE', after: 'FIRE' },
      { field: 'city', after: 'FAIRVALE' },
      { field: 'map', before: '7-C' },
    ];
    const { disclosures } = auditEventOf({ ...about, caller: officer, changes, now });
    const opened = disclosures.map(decode);
    expect(opened.map(([, name, value]) => [name, value])).toEqual([
      ['nature', { before: 'FIRE', after: 'FIRE' }],
      ['city', { after: 'FAIRVALE' }],
      ['map', { before: '7-C' }],
    ]);
    const salts = opened.map(([salt]) => salt);
    expect(new Set(salts).size).toBe(salts.length);
    for (const salt of salts) expect(Buffer.from(salt, 'base64url')).toHaveLength(16);
  });

  test('commits to a salt even without a change, so that no leaf can be guessed', () => {
    const digests = Array.from({ length: 50 }, () => {
      const { disclosures } = auditEventOf({ ...about, caller: officer, now });
      expect(disclosures).toHaveLength(1);
      return hash('sha256', disclosures[0] ?? '');
    });
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe('changesBetween', () => {
  test('names exactly the fields whose values differ', () => {
    const record = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.jsonValue());
    fc.assert(
      fc.property(record, record, (before, after) => {
        const changes = changesBetween(
          before as Record<string, Json>,
          after as Record<string, Json>,
        );
        const changed = new Set(changes.map(({ field }) => field));
        for (const field of ['a', 'b', 'c', 'd']) {
          const same = JSON.stringify(before[field]) === JSON.stringify(after[field]);
          expect(changed.has(field)).toBe(!same);
        }
      }),
    );
  });
});
