import type { Call, Habit } from './call.ts';
import type { Random } from './random.ts';

export interface Mail {
  readonly subject?: string;
  readonly body: string;
  /** Where the page itself says less or other than the call: the truth of this mail. */
  readonly nature?: string;
  readonly address?: string;
}

/** How one agency of a product writes its pages. */
export type Writer = (random: Random, call: Call) => Mail;

export interface Product {
  readonly id: string;
  /** Labels, order and optional parts are chosen once per agency. */
  readonly agency: (random: Random, habit: Habit) => Writer;
}

/** The parts that are there, joined. */
export function join(parts: readonly (string | false | undefined)[], mark: string): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(mark);
}

/** City as this centre writes it. */
export function cityAs(call: Call, habit: Habit): string {
  return habit.cityCodes ? call.cityCode : call.city;
}

/** `[01/02/31 04:05:06 OPERATOR]` behind the narrative, as often as the operator typed. */
export function stamped(random: Random, call: Call): string {
  if (call.narrative === '') return '';
  const date = `${call.month}/${call.day}/${String(call.year).slice(2)}`;
  const time = `${String(call.hour).padStart(2, '0')}:${String(call.minute).padStart(2, '0')}:09`;
  return `${call.narrative} [${date} ${time} ${random.pick(['JDOE', 'OPERATOR', 'MROE'])}]`;
}
