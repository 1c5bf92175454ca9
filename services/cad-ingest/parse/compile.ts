import type { Profile, Test } from '#contracts/cad-profile.ts';
import { type LearnedReader, learnedReader } from '../learn/read-learned.ts';
import { type Cutter, compileCut } from './cut.ts';
import { compileLike, type Like, matchesLike } from './like.ts';
import type { PageText } from './text/prepare.ts';

/** A profile made ready. */
export interface Compiled {
  readonly profile: Profile;
  readonly sources: ReadonlySet<string>;
  readonly natures: ReadonlySet<string>;
  readonly detects: (page: Sample) => boolean;
  readonly kindOf: (page: Sample) => 'times' | 'update' | 'other' | undefined;
  readonly subject: Cutter | undefined;
  readonly body: Cutter;
  readonly learned: LearnedReader | undefined;
}

/** The texts of a page in lower case, as tests read them: made once for all profiles. */
export interface Sample {
  readonly subject: string;
  readonly body: string;
  readonly from: string;
  readonly prefix: string;
}

/** Detection reads the beginning: what a product is known by does not stand in a narrative. */
const SAMPLE_CHARS_MAX = 6_000;

export function sampleOf(page: PageText): Sample {
  return {
    subject: page.subject.toLowerCase(),
    body: page.body.slice(0, SAMPLE_CHARS_MAX).toLowerCase(),
    from: page.from.toLowerCase(),
    prefix: page.prefix.toLowerCase(),
  };
}

export function compileProfile(profile: Profile): Compiled {
  const groups = (profile.detect ?? []).map(compileGroup);
  const { times, update, other } = profile.kinds ?? {};
  const kinds = { times, update, other };
  const tests = Object.entries(kinds).map(
    ([kind, list]) => [kind as keyof typeof kinds, (list ?? []).map(compileTest)] as const,
  );
  return {
    profile,
    sources: new Set(profile.sources),
    natures: new Set(profile.known?.nature?.map((nature) => nature.toUpperCase())),
    detects: (page) => groups.some((group) => group(page)),
    kindOf: (page) => tests.find(([, list]) => list.some((test) => test(page)))?.[0],
    subject: profile.subject === undefined ? undefined : compileCut(profile.subject),
    body: compileCut(profile.body),
    learned: learnedReader(profile),
  };
}

/** Replaces what stands for something else all over the page. */
export function replaceAll(profile: Pick<Profile, 'replace'>, text: string): string {
  let replaced = text;
  for (const [from, to] of profile.replace ?? []) replaced = replaced.replaceAll(from, to);
  return replaced;
}

/** The same for the texts of a page. */
export function withReplaced(text: PageText, profile: Pick<Profile, 'replace'>): PageText {
  if (profile.replace === undefined || profile.replace.length === 0) return text;
  return {
    ...text,
    subject: replaceAll(profile, text.subject),
    body: replaceAll(profile, text.body),
  };
}

/** All tests of a group hold. Nearly always the longest text of any is not in the page. */
function compileGroup(group: readonly Test[]): (page: Sample) => boolean {
  const tests = group.map(compileTest);
  const wanted = group
    .filter((test) => test.absent !== true)
    .map((test) => ({ where: test.in, literal: compileLike(test.like).literal }))
    .toSorted((one, other) => other.literal.length - one.literal.length)[0];
  if (wanted === undefined) return (page) => tests.every((test) => test(page));
  const { where, literal } = wanted;
  return (page) => page[where].includes(literal) && tests.every((test) => test(page));
}

function compileTest(test: Test): (page: Sample) => boolean {
  const like: Like = compileLike(test.like);
  return (page) => matchesLike(like, page[test.in]) !== (test.absent ?? false);
}
