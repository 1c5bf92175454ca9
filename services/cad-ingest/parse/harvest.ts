import { type Draft, has, put, take } from './draft.ts';
import { matchesOf } from './text/matches.ts';
import type { PageText } from './text/prepare.ts';
import { readMoment } from './values/clock.ts';
import { findCoordinates } from './values/coordinates.ts';
import { firstStamp } from './values/narrative.ts';
import { readUnitTimes } from './values/unit-times.ts';

const SEARCH_CHARS_MAX = 8_000;
/** 10-8 writes its clock as `CAD time (04:05:06)` and `CAD date (01/02/2031)`. */
const TEN_EIGHT = /\bCAD (?:time|date) \(([^()\n]{4,30})\)/gi;

/** `Respond on Fire 2.`, `OPERATE ON TAC 4`. */
const ON_CHANNEL =
  /(?<![A-Za-z])(?:respond(?:ing)?|operate|operating|switch|ops?|working) (?:on|to) ((?:(?:FIRE|EMS|FD|RESCUE) )?(?:FIRE|EMS|TAC|OPS|FG|CH|CHANNEL|TG|FIREGROUND|TALKGROUP|MED)[ -]?\d{1,3}[A-Z]?)(?![\w-])/i;

/**
 * Takes from the whole page what needs no label to be known: coordinates, status times per unit, and
 * the first operator's stamp, which is often the only clock of a page.
 */
export function harvest(page: PageText, draft: Draft): void {
  const near = page.body.slice(0, SEARCH_CHARS_MAX);
  if (!has(draft, 'coordinates')) put(draft, 'coordinates', findCoordinates(near)?.value, 0.85);
  draft.unitTimes.push(...readUnitTimes(near));
  takeTenEight(near, draft);
  if (!has(draft, 'channel')) put(draft, 'channel', ON_CHANNEL.exec(near)?.[1], 0.85);
  const stamp = firstStamp(near) ?? firstStamp(draft.notes.join('\n'));
  if (stamp !== undefined) {
    const { date, time } = readMoment(stamp, draft.received);
    put(draft, 'date', date, 0.6);
    if (!has(draft, 'time')) put(draft, 'time', time, 0.6);
  }
  // Where only a code says what the call is, the code is what the page calls it.
  const { code } = draft.fields;
  if (!has(draft, 'nature') && code !== undefined) {
    take(draft, 'nature', code, (draft.certain.get('code') ?? 0) * 0.9);
  }
}

function takeTenEight(text: string, draft: Draft): void {
  if (!text.includes(' (')) return;
  for (const match of matchesOf(TEN_EIGHT, text)) take(draft, 'dateTime', match[1] ?? '', 0.9);
}
