import type { FastifyInstance } from 'fastify';
import { Problem } from '#shared/problem.ts';

/** Nothing that an operation takes is nested deeper than a few levels. */
export const JSON_DEPTH_MAX = 32;

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/**
 * Takes a JSON body as RFC 8259 section 8.1 has it: UTF-8, nothing else. Refused with Problem
 * `malformed-json`: bytes that are no UTF-8 (replacing them would change what was meant), nesting
 * that would end in a stack overflow somewhere behind us, and, by Fastify's parser, keys that would
 * reach an object's prototype. An empty body is none, whatever its media type says.
 */
export function openJsonBody(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (
    request: Parameters<JsonParser>[0],
    bytes: Buffer,
    done: (error: Error | null, body?: unknown) => void,
  ): void => {
    if (bytes.length === 0) {
      done(null);
      return;
    }
    const text = textOf(bytes);
    if (depthOf(text) > JSON_DEPTH_MAX) {
      throw malformed(`The body is nested deeper than ${JSON_DEPTH_MAX} levels.`);
    }
    void parse(request, text, (error, body) => {
      if (error === null) done(null, body);
      else done(malformed('The body must be one JSON value, without the key __proto__.'));
    });
  };
}

/**
 * How deep brackets and braces stand in each other; those inside of strings do not count. A loop
 * and not a pattern: an opened string that never ends would make a pattern start over at each quote.
 */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Where the string that begins here has its closing quote; the end of the text without one. */
function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('The body must be UTF-8.');
  }
}

function malformed(detail: string): Problem {
  return new Problem('malformed-json', { detail });
}
