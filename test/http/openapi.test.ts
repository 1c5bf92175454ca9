import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '#contracts/operations.ts';
import { openApiOf } from '#services/gateway/docs/openapi.ts';
import { openTestGateway, rawRequest, type TestGateway } from '#test/support/http.ts';

const golden = new URL('golden/openapi.json', import.meta.url);

describe('the OpenAPI document', () => {
  const document = openApiOf(operations);
  const text = `${JSON.stringify(document, null, 2)}\n`;

  // What clients were made from must not change unnoticed. After a wanted change, run the tests once
  // with UPDATE_GOLDEN=1 and review the difference.
  test('is the golden one', async () => {
    if (process.env.UPDATE_GOLDEN === '1') {
      await mkdir(new URL('.', golden), { recursive: true });
      await writeFile(golden, text);
    }
    expect(text).toBe(await readFile(golden, 'utf8'));
  });

  test('has every operation with a route, and only those', () => {
    const documented = Object.entries(pathsOf(document)).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${method} ${path} ${operationId}`,
      ),
    );
    const declared = operations.flatMap(({ http, name }) =>
      http === undefined
        ? []
        : [`${http.method.toLowerCase()} ${http.path.replace('{+', '{')} ${name}`],
    );
    expect(documented.toSorted()).toEqual(declared.toSorted());
  });

  test('has no reference that leads nowhere', () => {
    const references = text.match(/"\$ref": "([^"]+)"/g) ?? [];
    expect(references.length).toBeGreaterThan(10);
    for (const reference of new Set(references)) {
      const [, ...steps] = (reference.split('"')[3] ?? '').split('/');
      const found = steps.reduce<unknown>((at, step) => Object(at)[step], document);
      expect(found, reference).toBeTypeOf('object');
    }
  });

  test('says for each operation who may and what the ledger hears', () => {
    for (const methods of Object.values(pathsOf(document))) {
      for (const operation of Object.values(methods)) {
        expect(operation['x-permission']).toBeTypeOf('string');
        expect(operation['x-audit']).toHaveProperty('kind');
        expect(Object.keys(operation.responses)).toEqual(
          expect.arrayContaining(['400', '401', '403', '421', '429', '500', '503', '504']),
        );
      }
    }
  });
});

describe('served', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await openTestGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());
  const get = (path: string) => rawRequest(gateway.origin, hosted(gateway, path));

  test('/openapi.json is the document', async () => {
    const answer = await get('/openapi.json');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual(openApiOf(operations));
  });

  test('/docs and each file that it names are there, under a policy without exceptions', async () => {
    const page = await get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const policy = page.headers['content-security-policy'];
    expect(policy).toMatch(/script-src 'self';/);
    expect(policy).not.toMatch(/unsafe/);
    expect(page.text).not.toMatch(/<style|style=|<script>|onload=/);
    const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(named).toHaveLength(4);
    for (const path of named) expect((await get(path)).status, path).toBe(200);
    expect((await get('/docs/start.js')).text).toContain("url: '/openapi.json'");
  });
});

function hosted({ gateway }: TestGateway, path: string) {
  return { path, headers: { host: `127.0.0.1:${gateway.port}` } };
}

type Paths = Record<
  string,
  Record<
    string,
    {
      readonly operationId: string;
      readonly 'x-permission': unknown;
      readonly 'x-audit': unknown;
      readonly responses: object;
    }
  >
>;

function pathsOf(document: Readonly<Record<string, unknown>>): Paths {
  return document.paths as Paths;
}
