import type { Profile } from '#contracts/cad-profile.ts';

/** Products that print one label on each line. */

const alertLevel: Profile = {
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

const locationLines: Profile = {
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
      DISPATCHED: ['dispatched', 'units'],
      CALLER: 'callerName',
      PHONE: 'callerPhone',
      MAP: 'map',
      BOX: 'box',
      CROSS: 'crossStreets',
    },
    lead: 'dateTime',
    bare: true,
    only: true,
  },
};

const eforce: Profile = {
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

const tylerTexas: Profile = {
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

export const labelLineProfiles: readonly Profile[] = [
  alertLevel,
  locationLines,
  eforce,
  tylerTexas,
];
