import type { Profile } from '../profile.ts';

/** Products whose pages are labels and values. */

/** Spillman, now Motorola Flex: label lines in two columns. */
export const spillman: Profile = {
  id: 'spillman',
  version: 1,
  detect: [
    [{ in: 'body', like: 'long term cad' }],
    [{ in: 'body', like: 'active call#' }],
    [
      { in: 'body', like: 'responding units:' },
      { in: 'body', like: 'nature:' },
      { in: 'body', like: 'address:' },
      { in: 'body', like: 'reported:' },
    ],
    [
      { in: 'body', like: 'cad call id #' },
      { in: 'body', like: 'nature:' },
    ],
  ],
  body: {
    labels: {
      'INCIDENT #': 'number',
      'LONG TERM CAD#': 'number',
      'ACTIVE CALL#': 'skip',
      'CAD CALL ID #': 'number',
      PRIORITY: 'priority',
      REPORTED: 'dateTime',
      'DATE/TIME': 'dateTime',
      NATURE: 'nature',
      'NATURE DESCRIPTION': 'narrative',
      TYPE: 'skip',
      ADDRESS: 'address',
      ZONE: 'map',
      CITY: 'city',
      'RESPONDING UNITS': 'units',
      'RECEIVING AND RESPONDING UNITS': 'unitLog',
      DIRECTIONS: 'narrative',
      'CROSS STREETS': 'crossStreets',
      BETWEEN: 'crossStreets',
      'INTERSECTION OF': 'crossStreets',
      COMMENTS: 'narrative',
      CONTACT: 'callerName',
      COMPLAINANT: 'callerName',
      PHONE: 'callerPhone',
      DETERMINANT: 'code',
    },
  },
  kinds: { times: [{ in: 'body', like: 'receiving and responding units' }] },
};

/** The label format that Active911 publishes; the one to recommend to a centre. */
export const active911: Profile = {
  id: 'active911',
  version: 1,
  detect: [
    [
      { in: 'body', like: '^call:' },
      { in: 'body', like: 'addr:' },
    ],
    [
      { in: 'body', like: '^calls:' },
      { in: 'body', like: 'addr:' },
    ],
    [
      { in: 'prefix', like: '^call' },
      { in: 'body', like: 'addr:' },
    ],
    [
      { in: 'body', like: 'call:*addr:' },
      { in: 'body', like: 'unit:' },
      { in: 'body', like: 'info:' },
    ],
  ],
  body: {
    labels: {
      CALL: ['nature', 'number'],
      CALLS: 'nature',
      PLACE: 'placeName',
      ADDR: 'address',
      APT: 'apartment',
      BLDG: 'apartment',
      CITY: 'city',
      ID: 'number',
      RUN: 'number',
      PRI: 'priority',
      DATE: 'date',
      TIME: 'time',
      MAP: 'map',
      AREA: 'map',
      ESN: 'skip',
      UNIT: 'units',
      UNITS: 'units',
      ALLUNITS: 'units',
      XY: 'coordinates',
      LAT: 'latitude',
      LONG: 'longitude',
      LON: 'longitude',
      LATITUDE: 'latitude',
      LONGITUDE: 'longitude',
      GPS: 'coordinates',
      XSTREET: 'crossStreets',
      XSTREETS: 'crossStreets',
      X: ['longitude', 'crossStreets'],
      NAME: 'callerName',
      PHONE: 'callerPhone',
      CALLERPHONE: 'callerPhone',
      WS: 'channel',
      JURISDICTION: 'source',
      WARNINGS: 'narrative',
      INFO: 'narrative',
      COMMENT: 'narrative',
      COMMENTS: 'narrative',
      REMARKS: 'narrative',
    },
    loose: 'narrative',
  },
  kinds: { times: [{ in: 'subject', like: 'cleared$' }] },
};

/** EmergiTech: one line; the unit in brackets in front, the town glued to the address. */
export const emergitech: Profile = {
  id: 'emergitech',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'location:' },
      { in: 'body', like: 'comments:' },
      { in: 'body', like: '^[*]-' },
    ],
    [
      { in: 'body', like: '^nature:*location:*comments:' },
      { in: 'subject', like: '^[' },
    ],
    [{ in: 'body', like: 'nature:*location:* between *comments:' }],
  ],
  body: {
    labels: {
      NATURE: 'nature',
      LOCATION: { slots: ['address', { mark: ' BETWEEN ' }, 'crossStreets'] },
      SUITE: {
        slots: [
          { split: ' ', parts: ['apartment'], rest: 'city' },
          { mark: ' BETWEEN ' },
          'crossStreets',
        ],
      },
      COMMENTS: 'narrative',
    },
    lead: 'units',
    only: true,
  },
};

/** Motorola Printrak: one line whose labels may follow a value without a blank. */
export const printrak: Profile = {
  id: 'printrak',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'pri:*typ:*ad:' },
      { in: 'body', like: 'cmt1:' },
    ],
  ],
  body: {
    labels: {
      PRI: { slots: ['priority', 'number'] },
      INC: 'number',
      TYP: 'nature',
      AD: 'address',
      LOC: 'placeName',
      APT: 'apartment',
      CTY: 'city',
      MAP: 'map',
      CN: 'callerName',
      CMT1: 'narrative',
      CMT2: 'narrative',
      TIME: { slots: ['time', 'units'] },
      XST: 'crossStreets',
      XST2: 'crossStreets',
    },
    lead: 'source',
    glued: true,
    only: true,
  },
};

/** Motorola PremierOne: a report in sections with dashes as rulers. */
export const premierOne: Profile = {
  id: 'premier-one',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'inc type:*descr:' },
      { in: 'body', like: 'location:' },
    ],
    [
      { in: 'body', like: 'incident details' },
      { in: 'body', like: 'inc #' },
    ],
  ],
  body: {
    labels: {
      LOCATION: 'address',
      'LOC NAME': 'placeName',
      'LOC DESCR': 'narrative',
      'LAT/LON': 'coordinates',
      CITY: 'city',
      MUNICIPALITY: 'skip',
      BUILDING: 'skip',
      SUBDIVISION: 'skip',
      FLOOR: 'skip',
      'APT/UNIT': 'apartment',
      'ZIP CODE': 'skip',
      'CROSS STRS': 'crossStreets',
      AREA: 'skip',
      SECTOR: 'skip',
      BEAT: 'skip',
      'MAP BOOK': 'map',
      'INC #': 'number',
      PRIORITY: 'priority',
      'INC TYPE': 'code',
      DESCR: 'nature',
      'MOD CIRCUM': 'narrative',
      CREATED: 'dateTime',
      CALLER: 'callerName',
      PHONE: 'callerPhone',
      'UNITS DISPATCHED': 'units',
      'PERSONNEL DISPATCHED': 'unitLog',
      COMMENTS: 'narrative',
      'PREMISE HAZARD': 'narrative',
    },
    lead: 'skip',
    loose: 'skip',
  },
};

/** The same product's short labels. */
export const premierOneShort: Profile = {
  id: 'premier-one-short',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'typn:' },
      { in: 'body', like: 'loc:' },
    ],
    [
      { in: 'body', like: 'crstr:' },
      { in: 'body', like: 'uns:' },
    ],
  ],
  body: {
    labels: {
      TYP: 'code',
      MODCIR: 'narrative',
      TYPN: 'nature',
      LOC: 'address',
      BLD: 'skip',
      FLR: 'skip',
      APT: 'apartment',
      DESC: 'narrative',
      CITY: 'city',
      ZIP: 'skip',
      CRSTR: 'crossStreets',
      UNS: 'units',
      TIME: 'dateTime',
      INC: 'number',
      'CASE #': 'number',
      GRIDREF: 'map',
      CMT: 'narrative',
    },
  },
};

/** Cisco: padded labels on one line. */
export const cisco: Profile = {
  id: 'cisco',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'loc:' },
      { in: 'body', like: 'xst:' },
      { in: 'body', like: 'rmk:' },
    ],
  ],
  body: {
    labels: {
      CT: 'nature',
      LOC: 'address',
      APT: 'apartment',
      XST: 'crossStreets',
      GRID: 'map',
      UNITS: 'units',
      RMK: 'narrative',
    },
    only: true,
  },
};

/** `Alert:` in the subject, an alarm level, and the place in lines of its own. */
export const alertLevel: Profile = {
  id: 'alert-level',
  version: 1,
  detect: [
    [
      { in: 'subject', like: 'alert:' },
      { in: 'body', like: 'alrm lvl' },
    ],
  ],
  subject: { slots: ['skip', { mark: 'alert:' }, 'nature'] },
  body: {
    labels: {
      'ALRM LVL': 'priority',
      LOC: { fragments: '\n' },
      BTWN: 'crossStreets',
      COM: 'narrative',
      UNITS: 'units',
      INCIDENT: 'number',
      'DATE/TIME': 'dateTime',
      'RPT #': 'skip',
    },
    loose: 'narrative',
  },
};

/** Label and blank, no colon; the date and the time in the first line. */
export const locationLines: Profile = {
  id: 'location-lines',
  version: 1,
  detect: [
    [
      { in: 'body', like: '\nlocation ' },
      { in: 'body', like: 'location:', absent: true },
      { in: 'body', like: 'event #' },
    ],
    [
      { in: 'body', like: '\nlocation ' },
      { in: 'body', like: 'location:', absent: true },
      { in: 'body', like: '\ncity ' },
    ],
  ],
  body: {
    labels: {
      'EVENT #': 'number',
      EVENT: 'number',
      PRIORITY: 'priority',
      TYPE: 'nature',
      NATURE: 'nature',
      LOCATION: 'address',
      CITY: 'city',
      APT: 'apartment',
      PREMISE: 'placeName',
      COMMENT: 'narrative',
      COMMENTS: 'narrative',
      UNITS: 'units',
      UNIT: 'units',
      CROSS: 'crossStreets',
    },
    lead: 'dateTime',
    bare: true,
    only: true,
  },
};

/** eFORCE: `Call Number:` and `Common Place:`, on lines or on one. */
export const eforce: Profile = {
  id: 'eforce',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'common place:' },
      { in: 'body', like: 'call type:' },
    ],
    [
      { in: 'subject', like: '^dispatch alert -' },
      { in: 'body', like: 'address:' },
    ],
  ],
  subject: { slots: ['skip', { mark: 'dispatch alert -' }, 'nature'] },
  body: {
    labels: {
      'CALL NUMBER': 'number',
      'CALL TYPE': 'nature',
      'COMMON PLACE': 'placeName',
      ADDRESS: 'address',
      APARTMENT: 'apartment',
      CITY: 'city',
      'CITY STATE COUNTY': 'city',
      'POSTAL CODE': 'skip',
      ZIP: 'skip',
      MILEPOST: 'skip',
      'LAT/LONG': 'coordinates',
      NOTES: 'narrative',
    },
  },
};

/** Tyler in Texas: `CFS:` in the subject and label lines. */
export const tylerTexas: Profile = {
  id: 'tyler-texas',
  version: 1,
  detect: [
    [
      { in: 'body', like: 'calltype:' },
      { in: 'body', like: 'address:' },
    ],
  ],
  body: {
    labels: {
      CFS: 'number',
      CALLTYPE: 'nature',
      PRIORITY: 'priority',
      PLACE: 'placeName',
      ADDRESS: 'address',
      CITY: 'city',
      STATE: 'state',
      ZIP: 'skip',
      DATE: 'date',
      TIME: 'time',
      UNIT: 'units',
      INFO: {
        slots: ['narrative', { mark: 'NAME:' }, 'callerName', { mark: 'PHONE:' }, 'callerPhone'],
      },
      ALERT: 'narrative',
    },
  },
};

export const labelProfiles: readonly Profile[] = [
  spillman,
  printrak,
  premierOne,
  premierOneShort,
  active911,
  emergitech,
  cisco,
  alertLevel,
  locationLines,
  eforce,
  tylerTexas,
];
