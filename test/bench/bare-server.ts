/**
 * What the gateway is measured against: the least server that takes a JSON body and answers once it
 * is durable in SQLite. No sign-in, no checks, no audit, no history.
 */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fastify from 'fastify';

const database = new DatabaseSync(join(process.env.DATA_DIR ?? '.', 'bare.sqlite'));
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, value TEXT NOT NULL)');
const insert = database.prepare('INSERT INTO rows (value) VALUES (?)');

const server = fastify();
server.post('/v1/incidents', async (request, reply) => {
  const { lastInsertRowid } = insert.run(JSON.stringify(request.body));
  return reply.code(201).send({ id: Number(lastInsertRowid) });
});
const origin = await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ msg: 'ready', origin })}\n`);
