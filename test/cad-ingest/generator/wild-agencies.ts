import { type Call, clock, twelveHour, usDate } from './call.ts';
import { cityAs, join, type Product, type Writer } from './product.ts';
import type { Random } from './random.ts';

/**
 * One-off pages as dispatchers and small programs write them: sentences, mixed marks, headings,
 * labels that no dictionary knows. Each product here is one way of writing, with its variations.
 */
function wild(id: string, agency: Product['agency']): Product {
  return { id: `wild-${id}`, agency };
}

/** Sentences that hold numbers, streets and commas of their own. */
const CHATTER = [
  'caller states subject fell at 455 OAK ST earlier, now at home',
  'PT IS 67 YOF, DIFF BREATHING, HX OF COPD, ON O2',
  'veh vs tree, airbags deployed, 1 occupant, no entrapment',
  'front door unlocked, dog in house, call back 555-0188',
  '2 story house, smoke from 2nd floor window, everyone out',
  'ref to alarm at the rear door, key holder ETA 15 min',
  'ProQA: 72 year old, female, awake, breathing',
  '',
];

function chatter(random: Random): string {
  return random.pick(CHATTER);
}

function streetLine(call: Call): string {
  return call.written + (call.apartment ? ` APT ${call.apartment}` : '');
}

const sentence = wild('respond-to', (random, habit) => {
  const units = random.chance(0.6);
  const comma = random.chance(0.5);
  return (now, call) => ({
    body: `${units ? `${call.units.join(',')} ` : ''}RESPOND TO ${streetLine(call)}${comma ? ',' : ''} ${call.city} FOR ${call.nature}${now.chance(0.5) ? `. ${chatter(now)}` : ''}${habit.cityCodes ? '' : ''}`,
  });
});

const atSentence = wild('at-sentence', (random) => {
  const cross = random.chance(0.5);
  const time = random.chance(0.5);
  return (now, call) => ({
    body: join(
      [
        `${call.nature} at ${streetLine(call)}, ${call.city}`,
        cross && call.cross[0] && `X ${call.cross[0]}`,
        time && clock(call).slice(0, 5),
        chatter(now),
      ],
      now.chance(0.3) ? ' - ' : '. ',
    ),
  });
});

const dashes = wild('dashes', (random) => {
  const unitFirst = random.chance(0.5);
  const cityInside = random.chance(0.5);
  return (now, call) => ({
    body: join(
      [
        unitFirst && call.units.join(' '),
        call.nature,
        cityInside ? `${streetLine(call)}, ${call.city}` : streetLine(call),
        !cityInside && call.city,
        call.cross.length === 2 && call.cross.join(' & '),
        chatter(now),
      ],
      ' - ',
    ),
  });
});

const bracketed = wild('brackets', (random) => {
  const kind = random.pick(['FIRE', 'EMS', 'STA 12', 'FVFD']);
  return (now, call) => ({
    body: `[${kind}] ${call.nature} ${now.chance(0.5) ? '@' : '-'} ${streetLine(call)} (${call.cross.join(' / ') || call.city}) ${chatter(now)}`,
  });
});

const subjectIsNature = wild('subject-nature', (random, habit) => {
  const lines = random.chance(0.5);
  return (now, call) => ({
    subject: call.nature,
    body: join(
      [
        `${streetLine(call)}, ${cityAs(call, habit)}`,
        call.place,
        call.cross.join(' / '),
        chatter(now),
        call.units.join(', '),
        `${usDate(call)} ${clock(call)}`,
      ],
      lines ? '\n' : ' | ',
    ),
  });
});

const subjectIsAll = wild('subject-all', () => (now, call) => ({
  subject: `${call.nature} | ${streetLine(call)} | ${call.city} | ${call.units.join(' ')}`,
  body: now.pick(['', 'Sent by Example CAD', '-- \nExample County 911']),
}));

const headed = wild('heading-lines', (random, habit) => {
  const heading = random.pick(['FAIRVALE FIRE DEPT', 'EXAMPLE COUNTY 911', '*** DISPATCH ***']);
  const numbered = random.chance(0.5);
  return (now, call) => ({
    body: join(
      [
        heading,
        numbered && call.number,
        call.nature,
        call.place,
        streetLine(call),
        cityAs(call, habit),
        call.cross.join(' & '),
        `${usDate(call)} ${clock(call)}`,
        chatter(now),
      ],
      '\n',
    ),
  });
});

const oddLabels = wild('odd-labels', (random) => {
  const labels = {
    nature: random.pick([
      'Incident Desc',
      'Nature/Call',
      'Reason',
      'What',
      'Chief Complaint',
      'Call Desc',
    ]),
    address: random.pick([
      'Loc of Incident',
      'Addr1',
      'Where',
      'Incident Addr',
      'Address of Emergency',
      'Respond Location',
    ]),
    cross: random.pick(['Cross Rds', 'Nearest Int', 'X-Rds', 'Btwn Streets']),
    info: random.pick([
      'Caller Comments',
      'Additional Comments',
      'Details of Call',
      'Remarks/Notes',
    ]),
  };
  const mark = random.pick(['\n', '\n', ' | ', '; ']);
  return (now, call) => ({
    body: [
      `${labels.nature}: ${call.nature}`,
      `${labels.address}: ${streetLine(call)}, ${call.city}`,
      `${labels.cross}: ${call.cross.join(' / ')}`,
      `${labels.info}: ${chatter(now)}`,
      `Unit Assignments: ${call.units.join(' ')}`,
    ].join(mark),
  });
});

const timeFirst = wild('time-first', (random) => {
  const twelve = random.chance(0.4);
  const idLast = random.chance(0.5);
  return (now, call) => ({
    body: join(
      [
        twelve ? twelveHour(call) : clock(call),
        !idLast && call.number,
        call.nature,
        `${streetLine(call)}${now.chance(0.4) ? ',' : ''} ${call.city}`,
        call.units.join(' '),
        idLast && call.number,
      ],
      ' ',
    ),
  });
});

const placeFirst = wild('place-first', (random) => {
  const order = random.chance(0.5);
  const writer: Writer = (now, call) => ({
    body: order
      ? join([call.place, streetLine(call), call.city, call.nature, chatter(now)], ', ')
      : join([call.nature, call.place, streetLine(call), call.city, chatter(now)], ', '),
  });
  return writer;
});

const htmlParagraphs = wild('html-paragraphs', (random) => {
  const bold = random.chance(0.5);
  return (now, call) => ({
    subject: 'Dispatch',
    body: `<html><body><p>${bold ? '<b>' : ''}${call.nature}${bold ? '</b>' : ''}</p><p>${streetLine(call)}<br/>${call.city}, ${call.state} ${call.zip}</p><p>${chatter(now)}</p><p>Units: ${call.units.join('&nbsp;')}</p></body></html>`,
  });
});

const htmlColumns = wild('html-columns', (random) => {
  const upper = random.chance(0.5);
  return (now, call) => {
    const heads = ['Incident', 'Type', 'Location', 'City', 'Units', 'Time'];
    const cells = [
      call.number,
      call.nature,
      streetLine(call),
      call.city,
      call.units.join(' '),
      clock(call),
    ];
    return {
      body: `<table><tr>${heads.map((head) => `<th>${upper ? head.toUpperCase() : head}</th>`).join('')}</tr><tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr></table><p>${chatter(now)}</p>`,
    };
  };
});

export const wildAgencies: readonly Product[] = [
  sentence,
  atSentence,
  dashes,
  bracketed,
  subjectIsNature,
  subjectIsAll,
  headed,
  oddLabels,
  timeFirst,
  placeFirst,
  htmlParagraphs,
  htmlColumns,
];
