import type { Random } from '../generator/random.ts';

/** A page as it comes when something went wrong on the way: cut, in another order, twice, damaged. */
export function mutants(body: string, random: Random): string[] {
  const at = random.int(0, body.length);
  const words = body.split(' ');
  return [
    body.slice(0, at),
    body.slice(at),
    random.shuffle(words).join(' '),
    `${body}${random.pick(['', '\n', ';', ' '])}${body}`,
    damaged(body, random),
  ];
}

/** Some characters become others: any of the first plane, halves of pairs among them. */
function damaged(body: string, random: Random): string {
  return Array.from({ length: body.length }, (_, at) =>
    random.chance(0.1) ? String.fromCharCode(random.int(0, 0xffff)) : body.charAt(at),
  ).join('');
}
