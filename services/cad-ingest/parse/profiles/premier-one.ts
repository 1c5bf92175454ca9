import type { Profile } from '#contracts/cad-profile.ts';

const premierOne: Profile = {
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

const premierOneShort: Profile = {
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

export const premierOneProfiles: readonly Profile[] = [premierOne, premierOneShort];
