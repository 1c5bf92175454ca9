import type { Cut, Profile } from '#contracts/cad-profile.ts';
import type { Target } from '#contracts/cad-targets.ts';

/** Products whose pages are one line, or lines by their position. */

/** OSSI, now CentralSquare: no labels, order set per agency, empty fields dropped. */
const ossi: Profile = {
  id: 'ossi',
  version: 1,
  detect: [
    [
      { in: 'prefix', like: '^cad$' },
      { in: 'body', like: ';' },
    ],
  ],
  body: { fragments: ';' },
};

const codeThenNature: Cut = { slots: ['code', { mark: '>' }, 'nature', 'address'] };

/** `CENTRE:CODE>NATURE address XS: street TOWN NAME phone Map: Grids: Cad:`. */
const codeNature: Profile = {
  id: 'code-nature',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'cad: %-%' },
      { in: 'body', like: 'xs:' },
    ],
    [
      { in: 'body', like: 'cad: %-%' },
      { in: 'body', like: '>' },
    ],
    [
      { in: 'body', like: 'cad: %-%' },
      { in: 'subject', like: '>' },
    ],
  ],
  subject: {
    cases: [{ like: '>', cut: { slots: ['code', { mark: '>' }, 'nature'] } }],
    other: 'skip',
  },
  body: {
    labels: {
      XS: { slots: ['crossStreets', 'city', 'callerName', 'callerPhone'] },
      APT: 'apartment',
      MAP: 'map',
      GRIDS: 'skip',
      CAD: 'number',
      'RETURN PHONE': 'callerPhone',
    },
    lead: { cases: [{ like: '>', cut: codeThenNature }], other: { slots: ['address'] } },
    only: true,
  },
};

/** Southern Software: address first with the town glued on, then number, time and nature. */
const southernParts: readonly Cut[] = [
  'address',
  'crossStreets',
  'callerName',
  'callerPhone',
  'number',
  'time',
  'nature',
  { cases: [{ like: 'geo:', cut: 'coordinates' }], other: 'narrative' },
];

const southernSemicolon: Profile = {
  id: 'southern-semicolon',
  version: 1,
  detect: [[{ in: 'body', like: ';*;*;*;%;%:%:%;' }], [{ in: 'body', like: ';*;*;*;%-%;%:%:%;' }]],
  body: { split: ';', parts: [...southernParts], rest: 'narrative' },
};

const southernComma: Profile = {
  id: 'southern-comma',
  version: 1,
  detect: [[{ in: 'body', like: ',*,*,*,%,%:%:%,' }], [{ in: 'body', like: ',*,*,*,%-%,%:%:%,' }]],
  body: { split: ',', parts: [...southernParts], rest: 'narrative' },
};

const southernBlank: Profile = {
  id: 'southern-blank',
  version: 1,
  detect: [
    [{ in: 'body', like: '^% @*@ % %:%:% @' }],
    [{ in: 'body', like: '^% @*@ %-% %:%:% @' }],
  ],
  body: { slots: ['address', 'number', 'time', 'nature', 'narrative'] },
};

/** VisionCAD: stars between all fields, and all of them always there. */
const visionParts: readonly Target[] = [
  'number',
  'address',
  'apartment',
  'skip',
  'city',
  'crossStreets',
  'crossStreets',
  'map',
  'callerPhone',
  'nature',
  'narrative',
  'narrative',
];

const visionCad: Profile = {
  id: 'visioncad',
  version: 1,
  detect: [[{ in: 'body', like: '\\**\\**\\**\\**\\**\\**\\**\\**\\**\\*' }]],
  body: { split: ['*\n', '*'], parts: [...visionParts], rest: { fragments: '*' } },
};

/** Behind the fields that always mean the same: units, and what else an agency has. */
const MORE_FIELDS: readonly Cut[] = Array.from({ length: 6 }, () => ({ fragments: '\n' }));

/** Its mail variant: `LineNN=...*` for each field, behind a header. */
const visionCadLines: Profile = {
  id: 'visioncad-lines',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'line01=' },
      { in: 'body', like: '*line02=' },
    ],
  ],
  subject: 'skip',
  body: {
    slots: [
      'skip',
      { mark: 'Line0' },
      {
        split: ['*\nLine', '*'],
        parts: [...visionParts, ...MORE_FIELDS].map(
          (field): Cut => ({ slots: ['skip', { mark: '=' }, field] }),
        ),
      },
    ],
  },
};

/** Ambulance companies with ProQA: slashes between fields, also inside values. */
const proqaSlash: Profile = {
  id: 'proqa-slash',
  version: 1,
  detect: [[{ in: 'body', like: 'run# %*/*/*/' }]],
  body: {
    slots: ['skip', { mark: 'Run#' }, { split: '/', parts: ['number'], rest: { fragments: '/' } }],
  },
  kinds: { times: [{ in: 'body', like: 'crn & times' }] },
};

/** Countryside: the head of a table of units stands in the middle of the line. */
const countryside: Profile = {
  id: 'countryside',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'as of *unit org name area types' },
      { in: 'body', like: 'event code:', absent: true },
    ],
  ],
  body: {
    slots: [
      'skip',
      { mark: 'As of' },
      { slots: ['dateTime', 'number', 'nature', 'address'] },
      { mark: 'Unit Org Name Area Types' },
      { slots: ['units', 'narrative'] },
    ],
  },
};

/** DaPro: `MAILBOX:station hh:mm NATURE 000126 ADDRESS CFS# number`. */
const dapro: Profile = {
  id: 'dapro',
  version: 1,
  detect: [[{ in: 'body', like: 'mailbox:*cfs#' }]],
  body: {
    slots: [
      'skip',
      { mark: 'MAILBOX:' },
      { slots: ['source', 'time', 'nature', 'address'] },
      { mark: 'CFS#' },
      'number',
    ],
  },
};

/** Texas: a nature line, `-place- address, CITY`, crossing, `Fire Box =`. */
const fireBox: Profile = {
  id: 'fire-box',
  version: 1,
  detect: [[{ in: 'body', like: 'fire box =' }]],
  body: {
    labels: { 'FIRE BOX': 'box' },
    lead: { split: '\n', parts: ['nature', 'address', 'crossStreets'], dropEmpty: true },
    only: true,
  },
};

/** RIMS: stars with blanks around them. */
const rims: Profile = {
  id: 'rims',
  version: 1,
  detect: [
    [
      { in: 'subject', like: 'dispatched call (' },
      { in: 'body', like: ' \\* ' },
    ],
  ],
  subject: { slots: ['skip', { mark: 'Dispatched Call (' }, 'units', { mark: ')' }] },
  body: {
    split: '*',
    parts: ['address', 'placeName', 'crossStreets', 'skip', 'nature', 'number'],
    rest: 'narrative',
  },
};

/** RedAlert, RedNMX: ` at `, `c/s:` and `. .` are the only marks. */
const redAlert: Profile = {
  id: 'red-alert',
  version: 1,
  detect: [[{ in: 'body', like: ' at *c/s:*. .' }]],
  body: {
    slots: [
      {
        slots: [
          { slots: ['nature', { mark: ': ' }, 'narrative'] },
          { mark: ' at ', last: true },
          'address',
        ],
      },
      { mark: 'c/s:' },
      'crossStreets',
      { mark: '. .' },
      'time',
    ],
  },
};

/** A comma list with `btwn A and B` in it, and the workstation at the end. */
const btwnComma: Profile = {
  id: 'btwn-comma',
  version: 1,
  detect: [[{ in: 'body', like: ', btwn * and *unit:*- from' }]],
  body: {
    slots: [{ fragments: ',' }, { mark: 'Unit:' }, 'units', { mark: ' - From' }, 'dateTime'],
  },
};

/** ProPhoenix: `id {date time}`, `CODE - nature{priority}`, `addr;citycode`. */
const proPhoenix: Profile = {
  id: 'prophoenix',
  version: 1,
  detect: [
    [
      { in: 'body', like: '^*{%/%/%' },
      { in: 'body', like: 'units:' },
    ],
  ],
  body: {
    split: '\n',
    dropEmpty: true,
    parts: [
      { slots: ['number', { mark: '{' }, 'dateTime', { mark: '}' }] },
      { slots: ['nature', { mark: '{' }, 'priority', { mark: '}' }] },
      { split: ';', parts: ['address', 'city'] },
    ],
    rest: { labels: { UNITS: 'units', COMMENTS: 'narrative' } },
  },
};

/** The same product with labels. */
const proPhoenixLabels: Profile = {
  id: 'prophoenix-labels',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'call#' },
      { in: 'body', like: 'juris:' },
    ],
  ],
  body: {
    labels: {
      'CALL#': 'number',
      'REPORT DATE/TIME': 'dateTime',
      JURIS: 'source',
      'UNITS DISPATCHED': 'units',
      'STATIONS DISPATCHED': 'source',
      LOCATION: { split: ';', parts: ['address', 'city'] },
      ADDRESS: { split: ';', parts: ['address', 'city'] },
      COMMENTS: 'narrative',
    },
  },
};

/** Archonix: nature and address lines, then short labels. */
const archonix: Profile = {
  id: 'archonix',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'mi#:' },
      { in: 'body', like: 'zn:' },
    ],
    [
      { in: 'subject', like: '^dispatch @' },
      { in: 'body', like: 'mi#:' },
    ],
    [
      { in: 'subject', like: '^free @' },
      { in: 'body', like: 'mi#:' },
    ],
  ],
  subject: 'skip',
  body: {
    labels: {
      '#': 'apartment',
      X: 'crossStreets',
      ZN: 'map',
      CP: 'placeName',
      TIME: 'dateTime',
      'MI#': 'number',
      'LAT/LON': 'coordinates',
      'RES#': 'skip',
    },
    lead: {
      split: '\n',
      dropEmpty: true,
      parts: ['nature', { split: ',', parts: ['address', { split: ' ', parts: ['city', 'map'] }] }],
    },
  },
  kinds: { times: [{ in: 'subject', like: '^free ' }] },
};

/** `Reported:`, `id NATURE`, `Loc:` and lines behind it. */
const reportedLoc: Profile = {
  id: 'reported-loc',
  version: 1,
  detect: [[{ in: 'body', like: '^reported: %/%/%*\nloc:' }]],
  body: {
    split: '\n',
    dropEmpty: true,
    parts: [
      { slots: ['skip', { mark: 'Reported:' }, 'dateTime'] },
      { slots: ['number', 'nature'] },
      { slots: ['skip', { mark: 'Loc:' }, 'address'] },
    ],
    rest: { fragments: '\n' },
  },
};

export const lineProfiles: readonly Profile[] = [
  codeNature,
  ossi,
  southernSemicolon,
  southernComma,
  countryside,
  dapro,
  fireBox,
  rims,
  redAlert,
  btwnComma,
  proPhoenix,
  proPhoenixLabels,
  archonix,
  reportedLoc,
  proqaSlash,
  visionCadLines,
  visionCad,
  southernBlank,
];
