import { type Call, clock, type Habit, twelveHour, usDate } from './call.ts';
import { cityAs, join, type Product, stamped, type Writer } from './product.ts';
import type { Random } from './random.ts';

/**
 * Agencies that compose their pages themselves: labels, order and separators are all free. The
 * shares of the shapes are those of the field.
 */
type Part =
  | 'nature'
  | 'address'
  | 'city'
  | 'cross'
  | 'id'
  | 'date'
  | 'units'
  | 'priority'
  | 'map'
  | 'place'
  | 'phone'
  | 'info'
  | 'gps';

const LABELS: Record<Part, readonly string[]> = {
  nature: [
    'Nature',
    'CALL TYPE',
    'Type',
    'Call',
    'Incident Type',
    'NAT',
    'Problem',
    'TYP',
    'Event Type',
  ],
  address: ['Address', 'LOCATION', 'Loc', 'ADDR', 'Incident Location', 'Incident Address', 'ADD'],
  city: ['City', 'CITY', 'CTY', 'Town', 'Venue', 'Municipality'],
  cross: ['Cross', 'XS', 'Cross Streets', 'X-ST', 'XST', 'Between', 'X-Streets', 'Cross St'],
  id: ['CAD', 'ID', 'INC', 'Incident #', 'Event', 'CFS', 'Run #', 'Call #', 'Incident Number'],
  date: ['Time', 'Date/Time', 'Time Out', 'Reported', 'Dispatched', 'TM', 'Received'],
  units: ['Units', 'Unit', 'Resp Units', 'Assigned Units', 'UNT', 'Apparatus'],
  priority: ['Pri', 'Priority', 'PRI', 'P'],
  map: ['Map', 'Grid', 'Zone', 'Fire Zone', 'ESN', 'Response Area'],
  place: ['Place', 'Common Name', 'Business', 'Premise', 'Loc Name', 'Facility Name'],
  phone: ['Phone', 'Callback', 'Ph', 'Call Back #'],
  info: ['Comments', 'Info', 'Narrative', 'Notes', 'Remarks', 'Details', 'CMT'],
  gps: ['GPS', 'Lat/Lon', 'XY', 'Coordinates'],
};
/** How often an agency prints the field at all. */
const SHARES: readonly (readonly [Part, number])[] = [
  ['nature', 1],
  ['address', 1],
  ['city', 0.7],
  ['cross', 0.5],
  ['id', 0.56],
  ['date', 0.55],
  ['units', 0.5],
  ['priority', 0.15],
  ['map', 0.2],
  ['place', 0.3],
  ['phone', 0.15],
  ['info', 0.6],
  ['gps', 0.12],
];

interface Template {
  readonly parts: readonly Part[];
  readonly labels: Record<Part, string>;
  readonly habit: Habit;
  readonly codeStyle: 'words' | 'words' | 'dash' | 'code';
  readonly cityGlued: 'no' | 'comma' | 'blank';
  readonly dateStyle: number;
}

function templateOf(random: Random, habit: Habit): Template {
  const chosen = SHARES.filter(([, share]) => random.chance(share)).map(([part]) => part);
  const rest = random.shuffle(chosen.filter((part) => part !== 'info'));
  // Half of all agencies keep the usual order: nature, address, city, and so on.
  const order = random.chance(0.5) ? chosen.filter((part) => part !== 'info') : rest;
  const labels = Object.fromEntries(
    Object.entries(LABELS).map(([part, names]) => [part, random.pick(names)]),
  ) as Record<Part, string>;
  return {
    parts: chosen.includes('info') ? [...order, 'info'] : order,
    labels,
    habit,
    codeStyle: random.pick(['words', 'words', 'words', 'dash', 'code']),
    cityGlued: chosen.includes('city') ? 'no' : random.pick(['comma', 'blank', 'no']),
    dateStyle: random.int(0, 4),
  };
}

function textOf(part: Part, call: Call, template: Template, random: Random): string {
  const city = cityAs(call, template.habit);
  const glue = { no: '', comma: `, ${city}`, blank: ` ${call.city}` }[template.cityGlued];
  const dates = [
    clock(call),
    clock(call).slice(0, 5),
    `${usDate(call)} ${clock(call)}`,
    `${usDate(call, 4)} ${twelveHour(call)}`,
    `${clock(call)} ${usDate(call, 4)}`,
  ];
  const values: Record<Part, string> = {
    nature: natureOf(call, template),
    address: call.written + (call.apartment ? ` APT ${call.apartment}` : '') + glue,
    city,
    cross: call.cross.join(random.chance(0.5) ? ' / ' : ' & '),
    id: call.number,
    date: dates[template.dateStyle] ?? clock(call),
    units: call.units.join(','),
    priority: call.priority,
    map: call.map,
    place: call.place,
    phone: call.phone,
    info: random.chance(0.3) ? stamped(random, call) : call.narrative,
    gps: `${call.lat},${call.lon}`,
  };
  return values[part];
}

function natureOf(call: Call, template: Template): string {
  if (template.codeStyle === 'code') return call.code;
  return template.codeStyle === 'dash' ? `${call.code} - ${call.nature}` : call.nature;
}

/** What a perfect reader finds where the agency prints only its code. */
function truthOf(call: Call, template: Template): { nature?: string } {
  return template.codeStyle === 'code' ? { nature: call.code } : {};
}

function labelled(id: string, mark: string, options: { readonly missing: number }): Product {
  return {
    id,
    agency: (random, habit) => {
      const template = templateOf(random, habit);
      const colon = random.pick([': ', ':', ': ']);
      const bare = new Set(template.parts.filter(() => random.chance(options.missing)));
      return (now, call) => ({
        ...truthOf(call, template),
        body: template.parts
          .map((part) => [part, textOf(part, call, template, now)] as const)
          .filter(([, value]) => value !== '' || now.chance(0.5))
          .map(([part, value]) =>
            bare.has(part) ? value : `${template.labels[part]}${colon}${value}`,
          )
          .join(mark),
      });
    },
  };
}

function positional(id: string, marks: readonly string[], keepsEmpty: boolean): Product {
  return {
    id,
    agency: (random, habit) => {
      const template = templateOf(random, habit);
      const mark = random.pick(marks);
      return (now, call) => {
        const values = template.parts.map((part) => textOf(part, call, template, now));
        const kept = keepsEmpty ? values : values.filter((value) => value !== '');
        return { ...truthOf(call, template), body: kept.join(mark) };
      };
    },
  };
}

const html: Product = {
  id: 'unknown-html',
  agency: (random, habit) => {
    const template = templateOf(random, habit);
    const table = random.chance(0.5);
    return (now, call) => ({
      ...truthOf(call, template),
      body: template.parts
        .map((part) => {
          const label = template.labels[part];
          const value = textOf(part, call, template, now);
          return table
            ? `<tr><td><b>${label}</b></td><td>${value}</td></tr>`
            : `<b>${label}:</b> ${value}<br>`;
        })
        .join('\n'),
    });
  },
};

const withFreeText: Product = {
  id: 'unknown-free-text',
  agency: (random, habit) => {
    const template = templateOf(random, habit);
    const natureFirst = random.chance(0.6);
    const glue = random.chance(0.7);
    const idFirst = random.chance(0.3);
    const writer: Writer = (now, call) => {
      const nature = natureOf(call, template);
      const address = `${call.written}${call.apartment ? ` ${call.apartment}` : ''}${glue ? ` ${call.city}` : ''}`;
      const parts = natureFirst ? [nature, address] : [address, nature];
      const has = (part: Part) => template.parts.includes(part);
      return {
        ...truthOf(call, template),
        body: join(
          [
            idFirst && has('id') && call.number,
            ...parts,
            has('cross') && call.cross.length === 2 && `XS ${call.cross.join(' / ')}`,
            has('units') && call.units.join(','),
            !idFirst && has('id') && call.number,
            has('date') && textOf('date', call, template, now),
            has('info') && call.narrative,
          ],
          ' ',
        ),
      };
    };
    return writer;
  },
};

export const unknownAgencies: readonly (readonly [product: Product, share: number])[] = [
  [labelled('unknown-one-line-labels', ' ', { missing: 0 }), 26],
  [withFreeText, 22],
  [positional('unknown-delimited', [';', ';', ';', ' | ', '*', '~', '\\', ' // ', '\t'], true), 16],
  [labelled('unknown-label-lines', '\n', { missing: 0 }), 14],
  [positional('unknown-lines', ['\n'], false), 9],
  [labelled('unknown-part-labelled', '\n', { missing: 0.4 }), 5],
  [positional('unknown-comma', [', ', ','], false), 5],
  [html, 3],
];
