import type { CaseCut, Cut, LabelCut, SlotCut, SplitCut } from '#contracts/cad-profile.ts';
import type { Target } from '#contracts/cad-targets.ts';
import { normalLabel, rolesOf } from './dictionary.ts';
import { type Draft, take } from './draft.ts';
import { cutFragmentsAt } from './fragments.ts';
import { takeLabelled } from './generic.ts';
import { compileLike, matchesLike } from './like.ts';
import { cutSegments, type Segment } from './segments.ts';
import { settle } from './settle.ts';
import { fillSlots } from './slots.ts';

/** What a cut fills. */
export interface CutWork {
  readonly draft: Draft;
  /** 0..1: how surely the cut is right. */
  readonly sure: number;
  /** Call types that occur, in capitals. */
  readonly natures: ReadonlySet<string>;
}

/** A cut made ready: takes a text apart and puts its values into the draft. */
export type Cutter = (text: string, work: CutWork) => void;

/** Makes a cut ready to run; each runs in time proportional to the text. */
export function compileCut(cut: Cut): Cutter {
  if (typeof cut === 'string') return leaf(cut);
  if ('labels' in cut) return byLabels(cut);
  if ('split' in cut) return bySplit(cut);
  if ('slots' in cut) return bySlots(cut);
  if ('fragments' in cut) return byFragments(cut.fragments);
  return byCases(cut);
}

function bySlots(cut: SlotCut): Cutter {
  const slots = cut.slots.map((slot) =>
    typeof slot === 'string' || 'mark' in slot ? slot : compileCut(slot),
  );
  return (text, work) => fillSlots(text, slots, work);
}

function leaf(target: Target): Cutter {
  if (target === 'any') return byFragments('\n');
  return (text, work) => take(work.draft, target, text, work.sure);
}

function byFragments(mark: string): Cutter {
  return (text, work) => settle(work.draft, cutFragmentsAt(text, mark), work.sure);
}

function byCases(cut: CaseCut): Cutter {
  const cases = cut.cases.map((each) => ({
    like: compileLike(each.like),
    run: compileCut(each.cut),
  }));
  const other = compileCut(cut.other);
  return (text, work) => {
    const lower = text.toLowerCase();
    const found = cases.find((each) => matchesLike(each.like, lower));
    (found?.run ?? other)(text, work);
  };
}

function bySplit(cut: SplitCut): Cutter {
  const marks = typeof cut.split === 'string' ? [cut.split] : cut.split;
  const parts = cut.parts.map(compileCut);
  const rest = cut.rest === undefined ? undefined : compileCut(cut.rest);
  return (text, work) => {
    const pieces = splitAt(text, marks).filter((piece) => !cut.dropEmpty || piece.trim() !== '');
    for (const [index, run] of parts.entries()) {
      const piece = pieces[index]?.trim() ?? '';
      if (piece !== '') run(piece, work);
    }
    const behind = pieces
      .slice(parts.length)
      .join(marks[0] ?? ' ')
      .trim();
    if (behind !== '') (rest ?? leaf('narrative'))(behind, work);
  };
}

/** Splits at every mark; the longer of two that begin alike comes first in the profile. */
function splitAt(text: string, marks: readonly string[]): string[] {
  let pieces = [text];
  for (const mark of marks) pieces = pieces.flatMap((piece) => piece.split(mark));
  return pieces;
}

function byLabels(cut: LabelCut): Cutter {
  const { cutters, roles } = meanings(cut);
  const lead = compileCut(cut.lead ?? 'any');
  const loose = compileCut(cut.loose ?? 'any');
  const lookup = (label: string) => roles.get(label) ?? (cut.only ? undefined : rolesOf(label));
  return (text, work) => {
    const segments = cutSegments(text.split('\n'), {
      lookup,
      glued: cut.glued ?? false,
      dashed: cut.dashed ?? false,
      bare: cut.bare ?? false,
      guesses: !cut.only,
    });
    const first = segments.findIndex((segment) => segment.label !== undefined);
    const labelled = segments.slice(Math.max(0, first));
    for (const segment of citiesFirst(labelled)) takeSegment(segment, cutters, work);
    lead(textOf(segments.slice(0, Math.max(0, first))), work);
    loose(textOf(labelled.filter((segment) => segment.label === undefined)), work);
  };
}

/** The labels of a cut: what each may mean, and the cut of its value where it has one meaning. */
function meanings(cut: LabelCut): {
  cutters: ReadonlyMap<string, Cutter>;
  roles: ReadonlyMap<string, readonly Target[]>;
} {
  const cutters = new Map<string, Cutter>();
  const roles = new Map<string, readonly Target[]>();
  for (const [label, meaning] of Object.entries(cut.labels)) {
    const name = normalLabel(label);
    if (isList(meaning)) {
      roles.set(name, meaning);
    } else {
      roles.set(name, [mainTarget(meaning)]);
      cutters.set(name, compileCut(meaning));
    }
  }
  return { cutters, roles };
}

function isList(meaning: Cut | readonly Target[]): meaning is readonly Target[] {
  return Array.isArray(meaning);
}

function takeSegment(segment: Segment, cutters: ReadonlyMap<string, Cutter>, work: CutWork): void {
  const { label, text } = segment;
  if (label === undefined || text === '') return;
  const run = cutters.get(normalLabel(label));
  if (run !== undefined) run(text, work);
  else if (segment.roles !== undefined) takeLabelled(work.draft, segment);
  else work.draft.notes.push(`${label}: ${text}`);
}

function textOf(segments: readonly Segment[]): string {
  return segments.map((segment) => segment.text).join('\n');
}

/** The town tells where an address ends. */
function citiesFirst(segments: readonly Segment[]): Segment[] {
  const isCity = (segment: Segment) => segment.roles?.[0] === 'city';
  return [...segments.filter(isCity), ...segments.filter((segment) => !isCity(segment))];
}

/** What a nested cut means to the search for labels: its first field. */
function mainTarget(cut: Cut): Target {
  if (typeof cut === 'string') return cut;
  if ('slots' in cut) {
    const first = cut.slots.find((slot) => typeof slot === 'string' || !('mark' in slot));
    return first === undefined || (typeof first === 'object' && 'mark' in first)
      ? 'any'
      : mainTarget(first);
  }
  if ('split' in cut) return mainTarget(cut.parts[0] ?? 'any');
  return 'any';
}
