/**
 * `/openapi.json`, and `/docs` to read and try it. The page is Swagger UI's own files, served as they
 * are: their package is for Fastify, but wants a generator of documents beside it that we have no
 * use for, and its page and initialiser are two small texts. Nothing on the page is inline, so that
 * its policy needs no exception.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { refuseOtherMethods } from '../door/routes.ts';
import { pagePolicy } from '../door/security-headers.ts';

const files = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Watchdesk API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** `document` takes some tenths of a second: it is made for the first who asks, and kept. */
export async function addDocs(app: FastifyInstance, document: () => object): Promise<void> {
  let json: string | undefined;
  const openApi = () => {
    json ??= JSON.stringify(document());
    return json;
  };
  const text = 'charset=utf-8';
  addText(app, { path: '/openapi.json', type: `application/json; ${text}`, content: openApi });
  addText(app, { path: '/docs', type: `text/html; ${text}`, content: () => page });
  addText(app, { path: '/docs/start.js', type: `text/javascript; ${text}`, content: () => start });
  const manifest = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json');
  for (const [name, type] of Object.entries(files)) {
    const content = await readFile(join(dirname(manifest), 'static', name));
    addText(app, { path: `/docs/${name}`, type, content: () => content });
  }
}

function addText(
  app: FastifyInstance,
  about: { readonly path: string; readonly type: string; readonly content: () => string | Buffer },
): void {
  const { path, type, content } = about;
  app.get(path, async (_request, reply) => {
    if (path.startsWith('/docs')) void reply.header('content-security-policy', pagePolicy);
    return reply.type(type).send(content());
  });
  refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
