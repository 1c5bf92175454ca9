import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type Gateway, type GatewayParts, openGateway } from '#services/gateway/service.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { type Api, openApi, signIn, until } from './api.ts';
import { openTestHost, type TestHost } from './host.ts';
import { serveLedger } from './ledger.ts';

export interface TestGateway extends AsyncDisposable {
  readonly test: TestHost;
  readonly gateway: Gateway;
  readonly origin: string;
  /** Rows of the gateway, to look at what the API does not show. */
  readonly tables: Tables;
  readonly firstRun: { readonly email: string; readonly password: string };
  /** Events that have reached the ledger's place, oldest first. */
  readonly ledger: readonly AuditEvent[];
  /** Resolves when every event has left the outbox. */
  settled(): Promise<void>;
  /** Moves the clock, once the outbox is empty: events do not grow old by it. */
  advance(ms: number): Promise<void>;
}

/** Hundreds of sign-ins at the recommended cost would be most of what the suites do. */
const CHEAP = { memoryKib: 8, passes: 1 };

export const PASSWORD = 'correct horse battery staple';

type Overrides = Partial<Omit<GatewayParts, 'name'>>;

/** A gateway on a free port, on the embedded adapters, with somebody in the ledger's place. */
export async function openTestGateway(
  overrides: Overrides | ((test: TestHost) => Overrides) = {},
): Promise<TestGateway> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  const { events: ledger } = opened.use(await serveLedger(test.host.bus));
  const parts = await test.parts('gateway');
  const firstRunFile = join(test.dataDir, 'first-run.json');
  const gateway = opened.use(
    await openGateway({
      ...parts,
      http: { host: '127.0.0.1', port: 0 },
      doors: {},
      cache: test.host.cache,
      mailer: test.host.mailer,
      firstRunFile,
      hashCost: CHEAP,
      ...(typeof overrides === 'function' ? overrides(test) : overrides),
    }),
  );
  const firstRun = JSON.parse(await readFile(firstRunFile, 'utf8'));
  const settled = async () => {
    const isEmpty = async () => (await parts.tables.outboxDepth()).events;
    await until('events in the outbox', isEmpty, (events) => events === 0);
  };
  const stack = opened.move();
  return {
    test,
    gateway,
    origin: `http://127.0.0.1:${gateway.port}`,
    tables: parts.tables,
    firstRun,
    ledger,
    settled,
    async advance(ms) {
      await settled();
      test.advance(ms);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The Platform administrator, signed in. */
export function platformOf({ origin, firstRun }: TestGateway): Promise<Api> {
  return signIn(origin, firstRun.email, firstRun.password);
}

export interface TestDepartment {
  readonly id: string;
  readonly slug: string;
  readonly adminEmail: string;
  /** The administrator, signed in. */
  readonly admin: Api;
}

/** A department whose administrator has set a password and is signed in. */
export async function openDepartment(
  { origin }: { readonly origin: string },
  platform: Api,
  slug: string,
): Promise<TestDepartment> {
  const adminEmail = `chief@${slug}.example`;
  const made = await platform.post('/v1/tenants', {
    slug,
    name: `Department ${slug}`,
    timeZone: 'America/Chicago',
    admin: { email: adminEmail, name: 'Chief' },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await accept(origin, made.body.invitation.token);
  const admin = await signIn(origin, adminEmail, PASSWORD);
  return { id: made.body.id, slug, adminEmail, admin };
}

/** A person of the department, with a password, signed in. */
export async function openPerson(
  department: TestDepartment,
  email: string,
  roles: readonly string[],
): Promise<{ readonly id: string; readonly email: string; readonly api: Api }> {
  const { admin } = department;
  const invited = await admin.post('/v1/users', { email, name: 'Person', roles });
  assert.equal(invited.status, 201, JSON.stringify(invited.body));
  await accept(admin.origin, invited.body.invitation.token);
  return { id: invited.body.id, email, api: await signIn(admin.origin, email, PASSWORD) };
}

export async function accept(origin: string, token: string): Promise<void> {
  const path = `/v1/invitations/${token}/accept`;
  const accepted = await openApi(origin).post(path, { password: PASSWORD });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * One request with nothing added but what HTTP/1.1 asks for: for `Host`, `HEAD`, broken bodies and
 * headers that `fetch` would mend or refuse.
 */
export function rawRequest(
  origin: string,
  about: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: string | Uint8Array;
  },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const { method = 'GET', path = '/', headers = {}, body } = about;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
