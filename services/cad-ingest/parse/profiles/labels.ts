import type { Profile } from '#contracts/cad-profile.ts';

/** Products that print labels and values on one line, or in their own order on lines. */

/** Spillman, now Motorola Flex: label lines in two columns. */
const spillman: Profile = {
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
const active911: Profile = {
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
const emergitech: Profile = {
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
  brokenWords: true,
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
const printrak: Profile = {
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
/** The same product's short labels. */
/** Cisco: padded labels on one line. */
const cisco: Profile = {
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
/** Label and blank, no colon; the date and the time in the first line. */
/** eFORCE: `Call Number:` and `Common Place:`, on lines or on one. */
/** Tyler in Texas: `CFS:` in the subject and label lines. */
export const labelProfiles: readonly Profile[] = [spillman, printrak, active911, emergitech, cisco];
