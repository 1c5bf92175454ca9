import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serviceNames } from '#contracts/caller.ts';
import { parametersIn } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import {
  type Permission,
  permissionNames,
  permissions,
  permits,
  roles,
  scopeNames,
} from '#contracts/permissions.ts';
import { problems } from '#contracts/problems.ts';

describe('operations', () => {
  test('each name and each route stands once', () => {
    const names = operations.map(({ name }) => name);
    const routes = operations.flatMap(({ http }) =>
      http === undefined ? [] : [`${http.method} ${http.path}`],
    );
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(routes).size).toBe(routes.length);
  });

  test('each name is service.resource.verb of a service that exists', () => {
    for (const { name, service } of operations) {
      expect(name).toMatch(/^[a-z-]+\.[a-z-]+\.[a-z-]+$/);
      expect(serviceNames).toContain(service);
    }
  });

  test('each path parameter is in the params schema and the other way round', () => {
    for (const { name, http, params } of operations) {
      if (http === undefined) continue;
      const inPath = parametersIn(http.path);
      const schema = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
      expect(Object.keys(schema.properties ?? {}), name).toEqual(inPath);
    }
  });

  test('what changes data says which event it is; silence has a reason', () => {
    for (const { name, http, audit } of operations) {
      if (audit.kind === 'none') expect(audit.because.length, name).toBeGreaterThan(10);
      else expect(audit.action, name).toMatch(/^[a-z-]+\.[a-z-]+\.[a-z-]+$/);
      if (http && http.method !== 'GET') expect(audit.kind, name).toBe('change');
    }
  });

  test('objects from outside refuse unknown fields', () => {
    for (const { name, hasBody, body, query, params } of operations) {
      for (const schema of hasBody ? [body, query, params] : [query, params]) {
        const result = schema.safeParse({ unheardOf: 1 });
        expect(result.success, name).toBe(false);
        expect(JSON.stringify(result.error?.issues), name).toContain('unheardOf');
      }
    }
  });

  test('a problem code is of the catalogue', () => {
    for (const { problems: codes } of operations) {
      for (const code of codes) expect(problems).toHaveProperty(code);
    }
  });
});

describe('permissions', () => {
  test('the table in the README is the table in the code', () => {
    const file = 'contracts/README.md';
    const readme = readFileSync(file, 'utf8');
    const made = readme.replace(
      /(<!-- permissions -->\n).*(<!-- \/permissions -->)/s,
      (_, begin, end) => `${begin}${permissionTable()}\n${end}`,
    );
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, made);
    expect(readme, 'run with UPDATE_GOLDEN=1 to write it').toBe(made);
  });

  test('every cell: only a role that is listed holds a permission', () => {
    for (const permission of permissionNames) {
      for (const role of roles) {
        const listed = (permissions[permission] as readonly string[]).includes(role);
        expect(permits({ roles: [role] }, permission), `${role} ${permission}`).toBe(listed);
      }
      expect(permits({ roles: [] }, permission)).toBe(false);
    }
  });

  test('scopes only take away', () => {
    for (const permission of permissionNames) {
      for (const role of roles) {
        expect(permits({ roles: [role], scopes: [] }, permission)).toBe(false);
        const scopes = permissionNames.filter((each) => each !== permission);
        expect(permits({ roles: [role], scopes }, permission)).toBe(false);
        const scoped = permits({ roles: [role], scopes: [permission] }, permission);
        expect(scoped).toBe(permits({ roles: [role] }, permission));
      }
    }
  });

  test('no key can carry what only services or the platform may do', () => {
    const never: Permission[] = [
      'tenants:manage',
      'incidents:propose',
      'ledger:append',
      'ledger:expunge',
      'ledger:approve-expungement',
      'retention:manage',
      'retention:ask',
      'legal-holds:manage',
    ];
    for (const permission of never) expect(scopeNames).not.toContain(permission);
  });

  test('no department role reaches the platform’s permissions', () => {
    expect(permissions['tenants:manage']).toEqual(['platform']);
    for (const permission of ['incidents:read', 'files:read', 'cad-messages:read'] as const) {
      expect(permits({ roles: ['platform'] }, permission)).toBe(false);
    }
  });
});

function permissionTable(): string {
  const head = `| permission | ${roles.join(' | ')} |`;
  const rule = `|---|${roles.map(() => ':-:').join('|')}|`;
  const rows = permissionNames.map((permission) => {
    const cells = roles.map((role) => (permits({ roles: [role] }, permission) ? '✓' : ''));
    return `| \`${permission}\` | ${cells.join(' | ')} |`;
  });
  return [head, rule, ...rows].join('\n');
}
