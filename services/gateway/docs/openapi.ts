/** The OpenAPI 3.1 document, made from the operations. Pure: the same operations, the same text. */
import { type Http, type Operation, PROGRESS_TYPE, pathWith } from '#contracts/operation.ts';
import { problemBody } from '#contracts/problems.ts';
import { SESSION_COOKIE } from '../identity/session.ts';
import { headersOf, responseHeadersOf } from './openapi-headers.ts';
import { problemComponents, problemResponses, problemsOf } from './openapi-problems.ts';
import { type JsonObject, openSchemas, type Schemas } from './openapi-schema.ts';

/** The API's version: the `v1` of its paths. */
const API_VERSION = '1';

export function openApiOf(operations: readonly Operation[]): JsonObject {
  const schemas = openSchemas(operations);
  schemas.components.Problem = schemas.of('Problem', problemBody);
  const paths: Record<string, JsonObject> = {};
  for (const operation of operations) {
    const { http } = operation;
    if (http === undefined) continue;
    const described = describe(operation, http, schemas);
    // OpenAPI 3.1 has no parameter with slashes in it; its description says that this one has.
    const path = pathWith(http.path, (name) => `{${name}}`);
    paths[path] = { ...paths[path], [http.method.toLowerCase()]: described };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Watchdesk',
      version: API_VERSION,
      description:
        'Dispatch mail becomes incidents, and every change is written to a ledger that anybody ' +
        'can check. Errors are RFC 9457 problems with a stable `code`. Lists answer `items` and, ' +
        'when there is more, `next`: the `cursor` of the next page.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.filter(({ http }) => http).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.components,
      responses: problemComponents(),
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description: 'Set by signing in. Changes also need `Origin` to be that of the service.',
        },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'wd_<id>_<secret>_<checksum>',
          description: 'An API key of the department, limited by its scopes.',
        },
      },
    },
  };
}

function describe(operation: Operation, http: Http, schemas: Schemas): JsonObject {
  const { permission, audit } = operation;
  const parameters = [
    ...parametersOf(operation, 'path', schemas),
    ...parametersOf(operation, 'query', schemas),
    ...headersOf(operation),
  ];
  return {
    operationId: operation.name,
    summary: operation.summary,
    tags: [tagOf(operation)],
    security: permission === 'anyone' ? [] : [{ session: [] }, { apiKey: [] }],
    'x-permission': permission,
    'x-audit': { ...audit },
    'x-problems': problemsOf(operation),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.hasBody ? { requestBody: requestBodyOf(operation, http, schemas) } : {}),
    responses: {
      [http.status]: successOf(operation, http, schemas),
      ...(operation.versioned === true && http.method === 'GET'
        ? { 304: { description: 'The version in If-None-Match is the current one' } }
        : {}),
      ...problemResponses(operation),
    },
  };
}

/** One parameter for each key of the declared object. */
function parametersOf(
  operation: Operation,
  place: 'path' | 'query',
  schemas: Schemas,
): JsonObject[] {
  const declared = place === 'path' ? operation.params : operation.query;
  const { properties = {}, required = [] } = schemas.of(operation.name, declared) as {
    readonly properties?: Readonly<Record<string, JsonObject>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema,
  }));
}

function requestBodyOf(operation: Operation, http: Http, schemas: Schemas): JsonObject {
  const schema = schemas.of(operation.name, operation.body);
  const types = ['application/json', ...(http.accepts === undefined ? [] : [http.accepts])];
  return {
    required: !operation.body.safeParse(undefined).success,
    content: {
      ...Object.fromEntries(types.map((type) => [type, { schema }])),
      // Bytes have no schema in OpenAPI 3.1: the media type says all.
      ...(http.acceptsBytes === undefined ? {} : { [http.acceptsBytes.type]: {} }),
    },
  };
}

function successOf(operation: Operation, http: Http, schemas: Schemas): JsonObject {
  const headers = responseHeadersOf(operation, http);
  const common = {
    description: successText(http),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
  if (http.status === 204 || http.status === 303) return common;
  if (http.answers !== undefined) {
    // Bytes have no schema in OpenAPI 3.1: the media type says all.
    const content = http.bytes === true ? {} : { schema: { type: 'string' } };
    const types = [http.answers].flat();
    const texts = types.map((type) => [type, content]);
    return { ...common, content: Object.fromEntries(texts) };
  }
  const schema = schemas.of(operation.name, operation.output);
  const text = http.textForm && { [http.textForm.type]: { schema: { type: 'string' } } };
  const lines = progressOf(operation, schemas, schema);
  return { ...common, content: { 'application/json': { schema }, ...text, ...lines } };
}

/** OpenAPI 3.1 knows no sequences: the schema is that of each line. */
function progressOf({ name, progress }: Operation, schemas: Schemas, answer: JsonObject) {
  if (progress === undefined) return {};
  const lines = {
    description:
      'Each line is JSON: progress while it is worked on, and as the last one the answer, or the ' +
      'problem that came instead of it.',
    anyOf: [schemas.of(name, progress), answer, { $ref: '#/components/schemas/Problem' }],
  };
  return { [PROGRESS_TYPE]: { schema: lines } };
}

function successText({ status }: Http): string {
  switch (status) {
    case 200:
      return 'The answer';
    case 201:
      return 'It was made';
    case 202:
      return 'It was taken and is being worked on';
    case 204:
      return 'It was done';
    case 303:
      return 'It is at the Location';
    default:
      return status satisfies never;
  }
}

/** `service.resource.verb`: the resource. */
function tagOf({ name }: Operation): string {
  return name.split('.')[1] ?? name;
}
