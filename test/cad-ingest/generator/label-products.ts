import { type Call, clock, type Habit, twelveHour, usDate } from './call.ts';
import { cityAs, join, type Mail, type Product, stamped } from './product.ts';
import type { Random } from './random.ts';

export const spillman: Product = {
  id: 'spillman',
  agency: (random, habit) => {
    const short = random.chance(0.1);
    const hasGps = random.chance(0.3);
    const zoned = random.chance(0.8);
    return (now, call) =>
      short ? spillmanLine(call) : spillmanPage({ now, call, habit, hasGps, zoned });
  },
};

function spillmanLine(call: Call): Mail {
  const place = `${call.written} ${call.city} ${call.state} ${call.zip}`;
  return { body: `${call.number}; ${place}; ${call.nature}; ${call.narrative}` };
}

interface Spillman {
  readonly now: Random;
  readonly call: Call;
  readonly habit: Habit;
  readonly hasGps: boolean;
  readonly zoned: boolean;
}

function spillmanPage({ now, call, habit, hasGps, zoned }: Spillman): Mail {
  const apt = call.apartment && `; ${now.pick(['APT ', '#', ''])}${call.apartment}`;
  const landmark = call.place && now.chance(0.4) ? `; ${call.place}` : '';
  const nature = call.nature.slice(0, 30).trim();
  const blocks = [
    now.chance(0.2) && 'Directions:\nturn left at the old mill',
    spillmanCross(now, call),
    `Comments:\n${call.narrative}`,
    now.chance(0.5) && `Contact: ${call.caller}\nPhone: ${call.phone}`,
    hasGps && `Lat= ${call.lat} Lon= ${call.lon}`,
  ];
  return {
    subject: now.chance(0.6) ? `INCIDENT # ${call.number}` : 'Dispatch',
    nature,
    body: `INCIDENT # ${call.number}

LONG TERM CAD# ${call.number.slice(0, 2)}-${now.digits(5)}   ACTIVE CALL# ${now.int(1, 99)}
PRIORITY: ${call.priority}                   REPORTED: ${clock(call)} ${usDate(call)}

 Nature: ${nature.padEnd(40)} Type: ${now.pick(['f', 'e', 'l'])}
Address: ${`${call.written}${apt}${landmark}`.padEnd(40)} ${zoned ? `Zone: ${call.map}` : ''}
   City: ${cityAs(call, habit)}

Responding Units: ${call.units.join(',')}

${join(blocks, '\n\n')}`,
  };
}

function spillmanCross(now: Random, call: Call): string {
  if (call.cross.length < 2) return '';
  const other = now.chance(0.2) ? 'DEAD END' : call.cross[1];
  return `Cross Streets:\n   Between: ${call.cross[0]} & ${other}`;
}

export const active911: Product = {
  id: 'active911',
  agency: (random, habit) => {
    const separator = random.pick(['\n', '\n', '; ', ' ']);
    const cityInside = random.chance(0.25);
    const usa = random.chance(0.2);
    const crossLabel = random.pick(['X', 'XSTREET', 'XSTREETS', 'XST']);
    const spaced = random.pick([': ', ':']);
    const cleared = random.chance(0.1);
    return (now, call) => {
      const address = `${call.written}${cityInside ? `, ${call.city}` : ''}${usa ? ', USA' : ''}`;
      const fields = active911Fields(now, call);
      fields.ADDR = address;
      fields.CITY = cityInside ? '' : cityAs(call, habit);
      const kept = Object.entries(fields).filter(([, value]) => value !== '' || now.chance(0.1));
      const label = (name: string) => (name === 'X' ? crossLabel : name);
      return {
        subject: cleared ? 'CAD CLEARED' : 'CAD Page',
        body: kept.map(([name, value]) => `${label(name)}${spaced}${value}`).join(separator),
      };
    };
  },
};

/** The labels in the order of the published format. */
function active911Fields(now: Random, call: Call): Record<string, string> {
  const located = now.chance(0.3);
  return {
    CALL: call.nature,
    PLACE: call.place,
    ADDR: '',
    APT: call.apartment,
    CITY: '',
    LAT: located ? String(call.lat) : '',
    LONG: located ? String(call.lon) : '',
    X: call.cross.join(' / '),
    ID: call.number,
    PRI: call.priority,
    DATE: usDate(call, 4),
    TIME: now.chance(0.3) ? twelveHour(call) : clock(call),
    MAP: call.map,
    UNIT: call.units.join(', '),
    NAME: now.chance(0.2) ? call.caller : '',
    PHONE: now.chance(0.3) ? call.phone : '',
    INFO: call.narrative,
  };
}

export const emergitech: Product = {
  id: 'emergitech',
  agency: (random) => {
    const inSubject = random.chance(0.3);
    const column = random.pick([0, 0, 80, 110]);
    return (now, call) => {
      const unit = call.units[0] ?? 'E1';
      const text = join(
        [
          `NATURE: ${call.nature}`,
          `LOCATION: ${call.written}`,
          call.apartment && `SUITE:${call.apartment}`,
          call.city,
          call.cross.length === 2 && `BETWEEN ${call.cross.join(' / ')}`,
          `COMMENTS: ${call.narrative}`,
          now.chance(0.3) && `-0${Math.abs(call.lon).toFixed(6)} +0${call.lat.toFixed(6)}`,
        ],
        ' ',
      );
      const body = inSubject ? text : `[${unit}]- ${text}`;
      return { ...(inSubject ? { subject: `[${unit}]-` } : {}), body: wrapped(body, column) };
    };
  },
};

/** The centre's printer breaks lines at a fixed column; the gateway puts a blank at each break. */
function wrapped(text: string, column: number): string {
  if (column === 0) return text;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += column) parts.push(text.slice(at, at + column));
  return parts.join(' ');
}

export const printrak: Product = {
  id: 'printrak',
  agency: (random, habit) => {
    const glued = random.chance(0.3);
    const mailbox = random.pick(['FVFD', 'MBOX1', 'STA12']);
    return (_, call) => {
      const blank = glued ? '' : ' ';
      const nature = call.nature.slice(0, 20).trim();
      const half = Math.ceil(call.narrative.length / 2);
      return {
        nature,
        body: join(
          [
            `${mailbox} PRI: ${call.priority} INC: ${call.number} TYP: ${nature}`,
            `AD: ${call.written}`,
            call.place && `LOC: ${call.place}`,
            call.apartment && `APT: ${call.apartment}`,
            `CTY: ${cityAs(call, habit)}`,
            `MAP: ${call.map}`,
            `CN: ${call.caller}`,
            `CMT1: ${call.narrative.slice(0, half)}`,
            `CMT2: ${call.narrative.slice(half)}`,
            `TIME: ${clock(call).slice(0, 5)} ${call.units.join(' ')}`,
            call.cross.length === 2 && `XST: ${call.cross[0]}`,
            call.cross.length === 2 && `XST2: ${call.cross[1]}`,
          ],
          blank === '' ? '' : ' ',
        ),
      };
    };
  },
};

export const cisco: Product = {
  id: 'cisco',
  agency: (random, habit) => {
    const natureInSubject = random.chance(0.3);
    return (now, call) => ({
      ...(natureInSubject ? { subject: call.nature } : {}),
      body: join(
        [
          !natureInSubject && `Ct:${call.nature}`,
          `Loc:${call.written.padEnd(now.int(20, 40))}`,
          `Apt:${call.apartment.padEnd(5)}`,
          `XSt:${call.cross.join(' ')}`,
          `Grid:${call.map}`,
          `Units:${call.units.join(' ')}`,
          `Rmk:${call.narrative}`,
          now.chance(0.2) && habit.state,
        ],
        ' ',
      ),
    });
  },
};

export const tylerTexas: Product = {
  id: 'tyler-texas',
  agency: (_, habit) => (now, call) => ({
    subject: `CFS: ${call.number}`,
    body: [
      `CFS: ${call.number}`,
      `CALLTYPE: ${call.nature}`,
      `PRIORITY: ${call.priority}`,
      `PLACE: ${call.place}`,
      `ADDRESS: ${call.written}`,
      `CITY: ${cityAs(call, habit)}`,
      `STATE: ${call.state}`,
      `ZIP: ${call.zip}`,
      `DATE: ${usDate(call, 4)}`,
      `TIME: ${clock(call)}`,
      `UNIT: ${call.units.join(',')}`,
      `INFO: ${call.narrative}, NAME: ${call.caller}, PHONE: ${call.phone}`,
      now.chance(0.3) ? 'ALERT: ' : '',
    ].join('\n'),
  }),
};

export const eforce: Product = {
  id: 'eforce',
  agency: (random) => {
    const oneLine = random.chance(0.4);
    return (now, call) => ({
      subject: `DISPATCH ALERT - ${call.nature}`,
      body: [
        `Call Number: ${call.number}`,
        `Call Type: ${call.nature}`,
        `Common Place: ${call.place}`,
        `Address: ${call.written}`,
        `Apartment: ${call.apartment}`,
        `City: ${call.city}`,
        `Postal Code: ${call.zip}`,
        `Notes: ${call.narrative} ${usDate(call, 4)}, ${clock(call)} (${now.pick(['jdoe', 'mroe'])})`,
      ].join(oneLine ? ' ' : '\n'),
    });
  },
};

export const locationLines: Product = {
  id: 'location-lines',
  agency: (random, habit) => {
    const withPremise = random.chance(0.5);
    return (_, call) => ({
      body: join(
        [
          `${usDate(call)} ${clock(call).slice(0, 5).replace(':', '')}`,
          `EVENT # ${call.number}`,
          `PRIORITY ${call.priority}`,
          `TYPE ${call.nature}`,
          `LOCATION ${call.written}`,
          call.apartment && `APT ${call.apartment}`,
          `CITY ${cityAs(call, habit)}`,
          withPremise && call.place && `PREMISE ${call.place}`,
          call.narrative && `COMMENT ${call.narrative}`,
        ],
        '\n',
      ),
    });
  },
};

export const alertLoc: Product = {
  id: 'alert-loc',
  agency: (_, habit) => (now, call) => ({
    subject: `Alert: ${call.nature}`,
    body: join(
      [
        `ALRM LVL: ${call.priority}`,
        'LOC:',
        call.place,
        call.written,
        call.apartment,
        cityAs(call, habit),
        call.cross.length === 2 && `BTWN: ${call.cross.join(' & ')}`,
        `RCVD AS ${now.pick(['911', 'PHONE'])}`,
        '',
        `COM: ${call.narrative}`,
        `UNITS: ${call.units.join(' ')}`,
        `INCIDENT: ${call.number}`,
        `DATE/TIME: ${usDate(call)} ${clock(call)}`,
        `RPT #: F=${now.digits(6)}`,
      ],
      '\n',
    ),
  }),
};

export const reportedLoc: Product = {
  id: 'reported-loc',
  agency: (random) => {
    const zip = random.chance(0.6);
    return (_, call) => ({
      body: join(
        [
          `Reported: ${usDate(call, 4)} ${clock(call)}`,
          `${call.number} ${call.nature}`,
          `Loc: ${call.written} ${call.city},${call.state} ${zip ? call.zip : ''}`.trim(),
          call.cross.join(' / '),
          call.place,
          call.units.join(' '),
          call.narrative,
        ],
        '\n',
      ),
    });
  },
};

export const withStamps: Product = {
  id: 'stamped-labels',
  agency: (random, habit) => {
    const labels = {
      nature: random.pick(['Call Type', 'Nature of Call', 'Incident Type', 'Problem']),
      address: random.pick(['Address', 'Location', 'Incident Location', 'Call Address']),
      id: random.pick(['CFS #', 'Incident Number', 'Event No', 'CAD Incident']),
    };
    return (now, call) => ({
      subject: 'Incident Notification',
      body: `${labels.id}: ${call.number}
${labels.nature}: ${call.code} - ${call.nature}
${labels.address}: ${call.written}, ${cityAs(call, habit)}
Cross Streets: ${call.cross.join(' // ') || 'No Cross Streets Found'}
Date/Time: ${usDate(call, 4)} ${twelveHour(call)}
Units: ${call.units.join(', ')}
Narrative:
${stamped(now, call)}`,
    });
  },
};
