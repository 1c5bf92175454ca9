import type { Cut, Profile } from '../profile.ts';

/** Products that send a report, many of them as HTML. */

/** InterAct, now Caliber: one mail per unit and status; only `gets Dispatched` is a page. */
export const interact: Profile = {
  id: 'interact',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'incident information' },
      { in: 'body', like: 'cad incident:' },
    ],
    [
      { in: 'subject', like: 'unit * from * gets ' },
      { in: 'body', like: 'event code:' },
    ],
    [
      { in: 'body', like: 'cad incident:' },
      { in: 'body', like: 'event code:' },
    ],
  ],
  subject: { slots: ['skip', { mark: 'Unit ' }, 'units', { mark: ' from ' }, 'skip'] },
  body: {
    labels: {
      'AS OF': 'dateTime',
      'CAD INCIDENT': 'number',
      'EVENT CODE': 'code',
      'EVENT CODE DESCRIPTION': 'nature',
      LOCATION: 'address',
      COMMUNITY: 'city',
      APARTMENT: 'apartment',
      'CROSS STREETS': 'crossStreets',
      'PRIORITY DESCRIPTION': 'priority',
      'INCIDENT DISPOSITION': 'skip',
      NOTES: 'narrative',
    },
    lead: { slots: ['skip', { mark: 'As of' }, 'dateTime'] },
    loose: { slots: ['unitLog', { mark: 'Notes' }, 'narrative'] },
  },
  kinds: {
    times: [
      { in: 'subject', like: 'gets enroute' },
      { in: 'subject', like: 'gets en route' },
      { in: 'subject', like: 'gets on scene' },
      { in: 'subject', like: 'gets onscene' },
      { in: 'subject', like: 'gets available' },
      { in: 'subject', like: 'gets cleared' },
      { in: 'subject', like: 'gets transporting' },
      { in: 'subject', like: 'gets at ' },
      { in: 'subject', like: 'status change' },
    ],
  },
};

/** Tyler New World, the oldest: tildes for blanks. */
export const newWorldTilde: Profile = {
  id: 'new-world-rip-and-run',
  version: 1,
  detect: [
    [{ in: 'body', like: '~information:' }],
    [{ in: 'body', like: 'call~type:' }],
    [{ in: 'body', like: 'location:~' }],
  ],
  replace: [['~', ' ']],
  body: {
    labels: {
      LOCATION: 'address',
      'COMMON NAME': 'placeName',
      VENUE: 'city',
      'CROSS STREETS': 'crossStreets',
      PHONE: 'callerPhone',
      STATION: 'source',
      QUADRANT: 'map',
      DISTRICT: 'skip',
      'CALL NUMBER': 'number',
      'CALL TYPE': 'nature',
      SOURCE: 'skip',
      PRIORITY: 'priority',
      STATUS: 'skip',
      CALLER: 'callerName',
      'CALL DATE/TIME': 'dateTime',
      'DISPATCH DATE/TIME': 'dispatched',
      'ENROUTE DATE/TIME': 'enRoute',
      ENROUTE: 'enRoute',
      ARRIVE: 'onScene',
      'ARRIVE DATE/TIME': 'onScene',
      CLEAR: 'cleared',
      'CLEAR DATE/TIME': 'cleared',
      'LATEST UNIT CLEARED DATE/TIME': 'cleared',
      'INCIDENT NUMBER(S)': 'number',
      'UNITS SENT': 'skip',
      ALERTS: 'narrative',
      NARRATIVE: 'narrative',
    },
    lead: 'skip',
  },
};

/** The second: fixed columns, labels padded with dots. */
export const newWorldColumns: Profile = {
  id: 'new-world-columns',
  version: 1,
  detect: [
    [{ in: 'body', like: 'incident type . :' }],
    [{ in: 'body', like: 'common name. . . :' }],
    [
      { in: 'body', like: 'incident number :' },
      { in: 'body', like: 'call time-' },
    ],
  ],
  body: {
    labels: {
      'INCIDENT NUMBER': 'number',
      ORI: 'skip',
      STATION: 'source',
      'INCIDENT TYPE': {
        cases: ['f', 'e', 'l', 'p', 'm'].map((letter) => ({
          like: `^& ${letter} `,
          cut: { split: ' ', parts: ['code', 'skip'], rest: 'nature' },
        })),
        other: 'nature',
      },
      PRIORITY: 'priority',
      'INCIDENT LOCATION': 'address',
      VENUE: 'city',
      'LOCATED BETWEEN': 'crossStreets',
      'CROSS STREET': 'crossStreets',
      'COMMON NAME': 'placeName',
      'CALL TIME': 'dateTime',
      DATE: 'date',
      DISPATCH: 'dispatched',
      'EN-ROUTE': 'enRoute',
      'ON-SCENE': 'onScene',
      'DEPART 1': 'transporting',
      'ARRIVE 2': 'atHospital',
      'IN-STATN': 'available',
      CLEARED: 'cleared',
      AREA: 'skip',
      SECTION: 'skip',
      BEAT: 'skip',
      GRID: 'map',
      QUADRANT: 'skip',
      DISTRICT: 'skip',
      'PHONE NUMBER': 'callerPhone',
      'CALL SOURCE': 'skip',
      CALLER: 'callerName',
      'UNITS SENT': 'units',
      'NATURE OF CALL': 'narrative',
      'ADDITIONAL INFO': 'narrative',
      NARRATIVE: 'narrative',
    },
    lead: 'skip',
    dashed: true,
  },
  kinds: { times: [{ in: 'body', like: 'final report' }] },
};

/** The third: HTML, the call type in the subject. */
export const newWorldHtml: Profile = {
  id: 'new-world-html',
  version: 1,
  detect: [[{ in: 'subject', like: 'automatic r\\&r notification' }]],
  subject: { slots: ['skip', { mark: 'notification:' }, 'nature'] },
  body: {
    labels: {
      ADDRESS: 'address',
      'CALL ADDRESS': 'address',
      LOCATION: 'address',
      'COMMON NAME': 'placeName',
      QUALIFIER: 'placeName',
      'CROSS STREETS': 'crossStreets',
      LATITUDE: 'latitude',
      LONGITUDE: 'longitude',
      'CALL DATE/TIME': 'dateTime',
      'FIRST UNIT DISPATCHED DATE/TIME': 'dispatched',
      'CALL TYPE': 'nature',
      'FIRE CALL TYPE': 'nature',
      'EMS CALL TYPE': 'nature',
      'CALL TYPE DESCRIPTION': 'nature',
      'FIRE CALL TYPE DESCRIPTION': 'nature',
      'EMS CALL TYPE DESCRIPTION': 'nature',
      'CALL PRIORITY': 'priority',
      'NATURE OF CALL': 'narrative',
      'FIRE AREA': 'map',
      QUADRANT: 'map',
      DISTRICT: 'map',
      'RADIO CHANNEL': 'channel',
      ALERTS: 'narrative',
      NARRATIVE: 'narrative',
      'INCIDENT NUMBER(S)': 'number',
      UNITS: 'units',
      'UNITS ASSIGNED': 'units',
      'ASSIGNED UNITS': 'units',
      'CALLER NAME': 'callerName',
      'CALLER PHONE': 'callerPhone',
      TIMES: 'unitLog',
    },
    loose: 'narrative',
  },
  kinds: { times: [{ in: 'body', like: 'cleared at: %' }] },
};

/** The fourth: plain labels on one line. */
export const newWorldLine: Profile = {
  id: 'new-world-line',
  version: 1,
  detect: [
    [
      { in: 'subject', like: 'cad notification' },
      { in: 'body', like: 'address:*nature:' },
    ],
  ],
  body: {
    labels: {
      ADDRESS: 'address',
      CITY: 'city',
      CROSS: 'crossStreets',
      PLACE: 'placeName',
      CALL: ['number', 'nature'],
      'INCIDENT #': 'number',
      NATURE: 'nature',
      UNIT: 'units',
      INFO: 'narrative',
      GPS: 'coordinates',
    },
  },
};

const cisSentence: Cut = { slots: ['nature', { mark: ' at ' }, 'address'] };

/** CIS: a sentence `<nature> at <address>, <city>, <zip>`, then the agency and its number. */
export const cis: Profile = {
  id: 'cis',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'notification from' },
      { in: 'body', like: 'time reported:' },
    ],
  ],
  subject: 'skip',
  body: {
    slots: [
      {
        slots: [
          { mark: 'Notification from' },
          'skip',
          { mark: ':\n' },
          {
            split: '\n',
            dropEmpty: true,
            parts: [cisSentence, { slots: ['source', { mark: ' - ', last: true }, 'number'] }],
          },
        ],
      },
      { mark: 'Time reported:' },
      'dateTime',
      { mark: 'Time completed:' },
      'cleared',
      { mark: 'Unit(s) responded:' },
      { slots: [{ slots: ['units', 'narrative'] }, { mark: '<<Logs>>' }, 'unitLog'] },
    ],
  },
  kinds: { times: [{ in: 'body', like: 'time completed:' }] },
};

/** EnterPol: `NEWOCC #yy-nnn  CODE - NATURE`. */
export const enterpol: Profile = {
  id: 'enterpol',
  version: 1,
  detect: [
    [{ in: 'body', like: '^newocc' }],
    [{ in: 'body', like: '^occinfo' }],
    [
      { in: 'subject', like: '^newocc' },
      { in: 'body', like: 'address:' },
    ],
  ],
  subject: 'skip',
  body: {
    labels: {
      ADDRESS: 'address',
      'REPORTING PERSON': {
        slots: ['callerName', { mark: ', Phone:' }, 'callerPhone'],
      },
      PHONE: 'callerPhone',
      DETAIL: 'narrative',
    },
    lead: {
      cases: [
        { like: '#outs', cut: { slots: ['skip', { mark: '#OUTS' }, 'nature'] } },
        {
          like: 'newocc',
          cut: { slots: ['skip', { mark: 'NEWOCC' }, { slots: ['number', 'nature'] }] },
        },
        {
          like: 'occinfo',
          cut: { slots: ['skip', { mark: 'OCCINFO' }, { slots: ['number', 'nature'] }] },
        },
      ],
      other: 'any',
    },
    only: true,
  },
  kinds: { update: [{ in: 'body', like: '^occinfo' }] },
};

/** Omnigo, ITI: a printed report under the centre's own address. */
export const omnigo: Profile = {
  id: 'omnigo',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'event report' },
      { in: 'body', like: 'event no:' },
    ],
  ],
  body: {
    labels: {
      'EVENT NO': 'number',
      STATUS: 'skip',
      DISPOSITION: 'skip',
      CATEGORY: 'nature',
      'SUB CATEGORY': 'narrative',
      'COMPLAINT NUMBERS': 'skip',
      ADDRESS: 'address',
      PRECINCT: 'skip',
      SECTOR: 'skip',
      GEO: 'skip',
      ESZ: 'map',
      WARD: 'skip',
      INTERSECTION: 'crossStreets',
      OPEN: 'dateTime',
      DISPATCH: 'dispatched',
      ENROUTE: 'enRoute',
      ARRIVAL: 'onScene',
      DEPARTURE: 'transporting',
      CLOSED: 'cleared',
      'LAW ENF.': 'skip',
      FIRE: 'skip',
      EMS: 'skip',
      SOURCE: 'skip',
      'INCIDENT NOTES': 'narrative',
      'EVENT LOG': 'unitLog',
    },
    lead: 'skip',
    loose: 'skip',
  },
};

/** GeoConex: three lines, or labels with coordinates behind the address. */
export const geoConex: Profile = {
  id: 'geoconex',
  version: 1,
  detect: [
    [
      { in: 'body', like: '^cad #' },
      { in: 'body', like: 'loc:' },
    ],
    [
      { in: 'subject', like: '^cad incident$' },
      { in: 'body', like: 'event:' },
    ],
    [
      { in: 'subject', like: '^cad dispatch$' },
      { in: 'body', like: 'cfs:' },
    ],
    [
      { in: 'subject', like: '^e911' },
      { in: 'body', like: 'cfs:' },
    ],
  ],
  body: {
    labels: {
      'CAD #': 'number',
      CFS: ['nature', 'number'],
      MSG: 'nature',
      EVENT: 'nature',
      LOC: 'address',
      COMMENT: 'narrative',
      INTERSECTION: 'crossStreets',
      ESN: 'skip',
      URL: 'coordinates',
    },
  },
};

/** Its old form: nature, `address, CITY`, narrative. */
export const geoConexLines: Profile = {
  id: 'geoconex-lines',
  version: 1,
  detect: [
    [
      { in: 'subject', like: '^e911$' },
      { in: 'body', like: ':', absent: true },
    ],
    [
      { in: 'subject', like: '^e911-page$' },
      { in: 'body', like: ':', absent: true },
    ],
  ],
  body: { split: '\n', dropEmpty: true, parts: ['nature', 'address'], rest: 'narrative' },
};

export const reportProfiles: readonly Profile[] = [
  interact,
  newWorldTilde,
  newWorldColumns,
  newWorldHtml,
  newWorldLine,
  cis,
  enterpol,
  omnigo,
  geoConex,
  geoConexLines,
];
