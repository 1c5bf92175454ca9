import type { Cut, Profile } from '#contracts/cad-profile.ts';

/** Products that send a report, many of them as HTML. */

/** InterAct, now Caliber: one mail per unit and status; only `gets Dispatched` is a page. */
const interact: Profile = {
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
/** The second: fixed columns, labels padded with dots. */
/** The third: HTML, the call type in the subject. */
/** The fourth: plain labels on one line. */
const cisSentence: Cut = { slots: ['nature', { mark: ' at ' }, 'address'] };

/** CIS: a sentence `<nature> at <address>, <city>, <zip>`, then the agency and its number. */
const cis: Profile = {
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

/** `#25-157  WIRES - POWER LINES DOWN`: what stands in front of the dash is the code, word or not. */
const numberCodeNature: Cut = {
  slots: [{ slots: ['number', 'code'] }, { mark: ' - ' }, 'nature'],
};

/** EnterPol: `NEWOCC #yy-nnn  CODE - NATURE`. */
const enterpol: Profile = {
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
          cut: { slots: ['skip', { mark: 'NEWOCC' }, numberCodeNature] },
        },
        {
          like: 'occinfo',
          cut: { slots: ['skip', { mark: 'OCCINFO' }, numberCodeNature] },
        },
      ],
      other: 'any',
    },
    only: true,
  },
  kinds: { update: [{ in: 'body', like: '^occinfo' }] },
};

/** Omnigo, ITI: a printed report under the centre's own address. */
const omnigo: Profile = {
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
const geoConex: Profile = {
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
const geoConexLines: Profile = {
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
  cis,
  enterpol,
  omnigo,
  geoConex,
  geoConexLines,
];
