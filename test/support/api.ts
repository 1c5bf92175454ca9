import assert from 'node:assert/strict';

/** What came back: status, headers, and the body as JSON where it is JSON, else as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

interface Asking {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The gateway as one caller sees it: nobody, a signed-in person, or the holder of a key. */
export interface Api {
  readonly origin: string;
  request(method: string, path: string, asking?: Asking): Promise<Answer>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** An API client whose every request carries the given headers. */
export function openApi(origin: string, identity: Readonly<Record<string, string>> = {}): Api {
  const request: Api['request'] = async (method, path, { body, headers = {} } = {}) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(new URL(path, origin), {
      method,
      headers: { ...type, ...identity, ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '') && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  };
  return {
    origin,
    request,
    get: (path, headers = {}) => request('GET', path, { headers }),
    post: (path, body, headers = {}) => request('POST', path, { body, headers }),
    patch: (path, body, headers = {}) => request('PATCH', path, { body, headers }),
  };
}

/** Signs a person in as a browser would: the cookie, and the `Origin` of the same site. */
export async function signIn(origin: string, email: string, password: string): Promise<Api> {
  const answer = await openApi(origin, { origin }).post('/v1/sessions', { email, password });
  assert.equal(answer.status, 201, `sign-in answered ${answer.status}: ${answer.body.code}`);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  assert.ok(cookie, 'sign-in set no cookie');
  return openApi(origin, { cookie, origin });
}

/** A client that uses an API key. */
export function withKey(origin: string, key: string): Api {
  return openApi(origin, { authorization: `Bearer ${key}` });
}

/** Asks again until the answer satisfies; the last answer in the error when it never does. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  satisfies: (value: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (satisfies(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
