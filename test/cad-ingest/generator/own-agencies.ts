import { type Call, clock, type Habit, usDate } from './call.ts';
import { cityAs, join, type Mail, type Product, stamped } from './product.ts';
import type { Random } from './random.ts';

/**
 * Agencies whose pages vary from one to the next as real ones do: parts that come and go, call types
 * of the centre's own making, things glued to the address, labels and addresses inside narratives.
 * Every shape of the field is here.
 */
function own(id: string, agency: Product['agency']): Product {
  return { id: `own-${id}`, agency };
}

/** Call types that no vocabulary knows all words of. */
const OWN_NATURES = [
  '59-UNKNOWN PROBLEM-MAN DOWN',
  'ALRMF',
  'INV-Odor Inside',
  'F-STRUC RES',
  'Sick Person - Charlie',
  '10-45 D',
  'MVC/ENTRAP',
  'LZ SETUP',
  'SQUAD RUN',
  'Elevator Rescue, Occupied',
  'TRAUMA: LEVEL 2',
  'OPEN BURN',
  'Unk Medical (Alpha)',
  'FALL>6FT',
  'CHIMNEY',
  'PSYCH/SUICIDE ATT',
];

const LONG_STORIES = [
  'CALLER ADDRESS: 77 FERN CT CALL BACK: 555-0101 STATES NEIGHBOR IS DOWN',
  'Type: breathing 58 YOM at the corner of the lot, CITY: unknown to caller, 2 dogs',
  'Nature: per alarm co, 911 hangup from 1400 OAK AVE earlier; PHONE: 555-0144',
  '67 YOF FELL, HIP PAIN, CONSCIOUS AND BREATHING. DOOR CODE 4471. MEET AT 12 MAIN ST ENTRANCE',
  'TC VS POLE / LINES DOWN / PRIORITY 2 / LOC: NEAR THE RIVER, UNITS STAGE AT STATION 4',
];

function story(random: Random, call: Call): string {
  const kind = random.next();
  if (kind < 0.25) return random.pick(LONG_STORIES);
  return kind < 0.5 ? stamped(random, call) : call.narrative;
}

/** One half of the pages of a centre that names its calls itself. */
function ownNature(random: Random, call: Call, share: number): string {
  return random.chance(share) ? random.pick(OWN_NATURES) : call.nature;
}

/** How town, apartment and place are written around the street. */
type Glue = (random: Random, call: Call) => string;

function glueOf(random: Random, habit: Habit): Glue {
  const town = random.pick([', ', ' ', ',', ' - ', ',']);
  const flat = random.pick([' APT ', ' #', ', ', '; ', ' UNIT ']);
  const named = random.pick(['none', 'front', 'parentheses', 'dash', 'semicolon']);
  const zip = random.chance(0.2);
  return (now, call) => {
    const apartment = call.apartment === '' ? '' : `${flat}${call.apartment}`;
    const place = now.chance(0.6) ? call.place : '';
    const base = `${call.written}${apartment}`;
    const city = `${town}${cityAs(call, habit)}${zip ? `, ${call.state} ${call.zip}` : ''}`;
    if (place === '' || named === 'none') return `${base}${city}`;
    if (named === 'front') return `${place} - ${base}${city}`;
    if (named === 'parentheses') return `${base} (${place})${city}`;
    return named === 'dash' ? `${base}${city} - ${place}` : `${base}; ${place}${city}`;
  };
}

type Line = readonly [label: string, value: string];

function page(nature: string, rest: Omit<Mail, 'nature'>): Mail {
  return { ...rest, nature };
}

const oneLineLabels = own('one-line-labels', (random, habit) => {
  const glue = glueOf(random, habit);
  const names = random.pick([
    ['TYP', 'AD', 'CN', 'UNS', 'CMT', 'INC'],
    ['Call', 'Where', 'RP', 'Disp', 'Rmk', 'Run'],
    ['EVENT TYPE', 'EVT LOC', 'CALLER', 'RESP', 'DETAILS', 'EVT NUM'],
  ]);
  const [nat = '', loc = '', who = '', res = '', text = '', id = ''] = names;
  const swap = random.chance(0.3);
  return (now, call) => {
    const nature = ownNature(now, call, 0.4);
    const call2: Line = [nat, nature];
    const where: Line = [loc, glue(now, call)];
    const heads = swap && now.chance(0.3) ? [where, call2] : [call2, where];
    const tail: Line[] = [];
    if (now.chance(0.6)) tail.push([who, call.caller]);
    if (now.chance(0.8)) tail.push([res, call.units.join(' ')]);
    if (now.chance(0.7)) tail.push([id, call.number]);
    const lines = [...heads, ...tail, [text, story(now, call)] as const];
    return page(nature, { body: lines.map(([name, value]) => `${name}: ${value}`).join(' ') });
  };
});

const freeText = own('free-text', (random, habit) => {
  const order = random.pick(['unit nature', 'nature', 'time nature', 'address first']);
  const mark = random.pick([' ', ' ', ' - ', ': ']);
  const town = random.pick([' ', ', ', ' IN ']);
  return (now, call) => {
    const nature = ownNature(now, call, 0.3);
    const flat = call.apartment === '' ? '' : ` APT ${call.apartment}`;
    const where = `${call.written}${flat}${town}${cityAs(call, habit)}`;
    const lead = order.startsWith('unit') ? call.units.join(' ') : '';
    const time = order.startsWith('time') ? clock(call).slice(0, 5) : '';
    const first = order === 'address first' ? [where, nature] : [nature, where];
    const cross =
      call.cross.length === 2 && now.chance(0.7) ? `BTWN ${call.cross.join(' & ')}` : '';
    const body = join([lead, time, first.join(mark), cross, call.number, story(now, call)], ' ');
    return page(nature, { body });
  };
});

const delimited = own('delimited', (random, habit) => {
  const mark = random.pick([';', ';', '|', '*', ' // ', '~', '\\']);
  const keepsEmpty = random.chance(0.5);
  const order = random.shuffle(['nature', 'address', 'city', 'x1', 'x2', 'units', 'id']);
  const placed = random.chance(0.3);
  return (now, call) => {
    const nature = ownNature(now, call, 0.5);
    const parts: Record<string, string> = {
      nature,
      address: placed && call.place !== '' ? `${call.written} (${call.place})` : call.written,
      city: cityAs(call, habit),
      x1: call.cross[0] ?? '',
      x2: call.cross[1] ?? '',
      units: now.chance(0.8) ? call.units.join(',') : '',
      id: now.chance(0.9) ? call.number : '',
    };
    const values = [...order.map((part) => parts[part] ?? ''), story(now, call)];
    const body = keepsEmpty ? values.join(mark) : join(values, mark);
    return page(nature, { body: now.chance(0.05) ? `Update: ${body}` : body });
  };
});

const labelLines = own('label-lines', (random, habit) => {
  const glue = glueOf(random, habit);
  const dots = random.chance(0.3);
  const label = (name: string) => (dots ? `${name} . . :` : `${name}:`);
  const loc = random.pick(['LOC', 'Respond To', 'Scene', 'Incident Loc']);
  const nat = random.pick(['CALL', 'Problem', 'Incident', 'Reported As']);
  return (now, call) => {
    const nature = ownNature(now, call, 0.4);
    const lines = [
      now.chance(0.3) && '*** DISPATCH ***',
      `${label('Received')} ${usDate(call)} ${clock(call)}`,
      `${label(nat)} ${nature}`,
      `${label(loc)} ${glue(now, call)}`,
      now.chance(0.6) && `${label('Near')} ${call.cross.join(' / ')}`,
      now.chance(0.5) && `${label('Callback')} ${call.phone}`,
      `${label('Sent')} ${call.units.join(', ')}`,
      `${label('Story')} ${story(now, call)}`,
      now.chance(0.4) && `${label('Premise Info')} KEY BOX AT 99 NORTH GATE RD`,
    ];
    return page(nature, { body: join(lines, '\n') });
  };
});

const bareLines = own('lines', (random, habit) => {
  const glue = glueOf(random, habit);
  const numbered = random.chance(0.5);
  const head = random.chance(0.3) ? 'EXAMPLE COUNTY 911\n100 COURT SQ, FAIRVALE' : '';
  return (now, call) => {
    const nature = ownNature(now, call, 0.5);
    const lines = [
      head,
      numbered && call.number,
      now.chance(0.4) && call.place,
      nature,
      glue(now, call),
      now.chance(0.6) && call.cross.join(' & '),
      now.chance(0.7) && call.units.join(' '),
      story(now, call),
    ];
    return page(nature, { body: join(lines, '\n') });
  };
});

const mixedLines = own('mixed-lines', (random, habit) => {
  const glue = glueOf(random, habit);
  const idFirst = random.chance(0.5);
  return (now, call) => {
    const nature = ownNature(now, call, 0.5);
    const lines = [
      idFirst && `CFS ${call.number} ${usDate(call)} ${clock(call)}`,
      nature,
      glue(now, call),
      now.chance(0.7) && `X: ${call.cross.join(' / ')}`,
      `[${call.units.join('][')}]`,
      `Info: ${story(now, call)}`,
      !idFirst && `Ref ${call.number}`,
    ];
    return page(nature, { body: join(lines, '\n') });
  };
});

const commas = own('commas', (random, habit) => {
  const natureFirst = random.chance(0.6);
  const lead = random.chance(0.5);
  return (now, call) => {
    const nature = ownNature(now, call, 0.2).replaceAll(',', '');
    const where = [call.written, cityAs(call, habit)];
    const body = join(
      [
        lead && call.units[0],
        ...(natureFirst ? [nature, ...where] : [...where, nature]),
        now.chance(0.5) && call.cross.join(' and '),
        now.chance(0.5) && call.number,
        story(now, call),
      ],
      ', ',
    );
    return page(nature, { body });
  };
});

const html = own('html', (random, habit) => {
  const glue = glueOf(random, habit);
  const cells = random.chance(0.5);
  const line = (name: string, value: string) =>
    cells
      ? `<tr><td>${name}</td><td>${value}</td></tr>`
      : `<p><strong>${name}:</strong>&nbsp;${value}</p>`;
  return (now, call) => {
    const nature = ownNature(now, call, 0.4).replaceAll('>', ' ');
    const rows = [
      line('Agency', 'Fairvale Fire, 100 Court Sq'),
      line('What', nature),
      line('Scene', glue(now, call)),
      now.chance(0.6) && line('Between', call.cross.join(' &amp; ')),
      line('Crews', call.units.join(' ')),
      now.chance(0.8) && line('Told', story(now, call)),
    ];
    const body = join(rows, '\n');
    return page(nature, { body: cells ? `<table>${body}</table>` : `<html>${body}</html>` });
  };
});

const subjects = own('subject', (random, habit) => {
  const glue = glueOf(random, habit);
  const numbered = random.chance(0.5);
  const twice = random.chance(0.4);
  return (now, call) => {
    const nature = ownNature(now, call, 0.4);
    const where = glue(now, call);
    return page(nature, {
      subject: join([numbered && call.number, nature, twice && where], ' @ '),
      body: join([where, call.cross.join(' x '), story(now, call), call.units.join(' ')], '\n'),
    });
  };
});

export const ownAgencies: readonly Product[] = [
  oneLineLabels,
  freeText,
  delimited,
  labelLines,
  bareLines,
  mixedLines,
  commas,
  html,
  subjects,
];
