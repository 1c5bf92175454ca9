/** Invented names and the phrases of dispatch centres; no person, place or number here is real. */

export const STREET_NAMES =
  `ELM|OAK|MAPLE|PINE HOLLOW|MILL|QUARRY|CHURCH|SCHOOL HOUSE|MARTIN LUTHER KING JR|FOX RUN|OLD STAGE|COPPER CREEK|RIVER|LAKE VIEW|HIGH|MAIN|2ND|14TH|278TH|CEMETERY|STONY POINT|TURKEY FOOT|SAINT JAMES|ST CLAIR|MT PLEASANT|JOHN DEERE|COUNTRY CLUB|PARK|CEDAR RIDGE|SPRING VALLEY|WILLOW BEND|FIRE TOWER|WATER WORKS|DEER PATH|HUNTERS GLEN|ROSE HILL CHURCH|TIMBER TRACE|UNION|COLLEGE|CENTER|BEAR HOLLOW|HARTMAN|KESSLER|OVERBROOK|LINDEN|GREENBRIAR|PATTERSON|BLUE HERON|CROSS|COURT|HICKORY NUT|EAST END|NORTH FORK|LITTLE SANDY|BIG CREEK|SYCAMORE|WALNUT|JEFFERSON|LINCOLN|HARRISON FERRY|BALD KNOB|SHADY GROVE|LOST MOUNTAIN|POND|BUCKEYE|DOGWOOD|MAYES|TANNERY|FAIRGROUNDS|AIRPORT|INDUSTRIAL|COMMERCE|ENTERPRISE|STADIUM`.split(
    '|',
  );
/** With a share of how often each occurs. */
export const SUFFIXES: readonly (readonly [string, number])[] = [
  ['ST', 22],
  ['RD', 24],
  ['AVE', 14],
  ['DR', 14],
  ['LN', 9],
  ['CT', 4],
  ['CIR', 2],
  ['BLVD', 3],
  ['WAY', 3],
  ['PL', 2],
  ['TRL', 2],
  ['PIKE', 1],
  ['PKWY', 2],
  ['TER', 1],
  ['LOOP', 1],
  ['HWY', 2],
  ['RUN', 1],
  ['COVE', 1],
  ['TRCE', 1],
  ['SQ', 1],
  ['RIDGE', 1],
  ['HOLW', 1],
  ['XING', 1],
  ['EXT', 1],
];
/** Streets that have no suffix at all. */
export const BARE_STREETS = 'BROADWAY|THE STRAND|BROADWAY|PINE MEADOWS|EAGLES NEST|CALLE LUNA|BELTLINE|RIVERWALK|LAKESHORE|OLD MILL ESTATES'.split(
  '|',
);
export const HIGHWAYS =
  'US 23|US HWY 41|I65|I-75|SR 347|ST RT 7|HWY 62|HIGHWAY 9|COUNTY ROAD 10|CO RD 31|STATE ROUTE 104|CR 550|KY 80|NC 42 HWY|FM 1960|US ROUTE 6|M-52|COUNTY ROAD 500|OLD HWY 51|STATE HWY 13|INTERSTATE 40'.split(
    '|',
  );
export const CITIES: readonly (readonly [name: string, code: string])[] = [
  ['FAIRVALE', 'FRV'],
  ['MAYBERRY', 'MAY'],
  ['NORTH HAVERTON', 'NHV'],
  ['MILLBROOK', 'MILB'],
  ['GREENVILLE', 'GVL'],
  ['SILVER SPRINGS', 'SSP'],
  ['CLAYSBURG', 'CLY'],
  ['AVONDALE TWP', 'T/AVN'],
  ['VASKA', 'VSK'],
  ['PORT ALDER', 'PA4'],
  ['LAKE CITY', 'LKC'],
  ['HAMPDEN', 'HMPD'],
  ['STONEWALL', 'ST'],
  ['CROSSVILLE', 'XV'],
  ['WEST FORK', 'WF'],
  ['BELLA TERRA', 'BT'],
  ['ORRIN', 'ORR'],
  ['SUMMERSET', 'SUM'],
  ['KINGS MOUNTAIN', 'KMT'],
  ['DELPHOS', 'DEL'],
  ['RUTHERTON CO', 'RCO'],
  ['MT AIREY', 'MTA'],
  ['GLENDORA', 'GLD'],
  ['OSKANEE', 'OSK'],
];
export const STATES = ['KY', 'NC', 'OH', 'PA', 'AL', 'MI', 'TN', 'VA', 'GA', 'NY', 'IN', 'WV'];

/** Call types: words, and the code that some centres print. */
export const NATURES: readonly (readonly [words: string, code: string])[] = [
  ['STRUCTURE FIRE', 'STRU'],
  ['FIRE ALARM', 'FALRM'],
  ['MEDICAL ALARM', 'MEDAL'],
  ['CHEST PAIN', '10D04'],
  ['BREATHING PROBLEMS', '06D01'],
  ['FALLS', '17B01G'],
  ['TRAFFIC ACCIDENT', '29B01'],
  ['MVA WITH INJURIES', 'MVAI'],
  ['SICK PERSON', '26A01'],
  ['UNCONSCIOUS / FAINTING', '31D03'],
  ['GAS LEAK', 'GASLK'],
  ['CHIMNEY FIRE', 'CHIM'],
  ['LIFT ASSIST', 'LIFT'],
  ['VEHICLE FIRE', 'VFIR'],
  ['BRUSH FIRE', 'BRSH'],
  ['STROKE', '28C01'],
  ['DIABETIC PROBLEM', '13C01'],
  ['OVERDOSE/POISONING', '23D01'],
  ['SMOKE INVESTIGATION', 'SMOKE'],
  ['CARBON MONOXIDE ALARM', 'COA'],
  ['PSYCHIATRIC PROBLEM', '25A01'],
  ['ASSIST EMS', 'AEMS'],
  ['WIRES DOWN', 'WIRE'],
  ['Difficulty Breathing', 'BREATH'],
  ['Residential Fire Alarm', 'RFA'],
  ['Fall Victim', 'FALL'],
  ['MVC - PIN IN', 'MVCP'],
  ['EMS CALL - PRIORITY 1', 'EMS1'],
  ['FIRE-GRASS FIRE', 'GRASS'],
  ['ABDOMINAL PAIN', '01A01'],
  ['HEMORRHAGE/LACERATION', '21B01'],
  ['SEIZURE', '12D01'],
  ['RESCUE WATER', 'RESW'],
  ['AIRCRAFT EMERGENCY', 'AIRC'],
  ['ELEVATOR RESCUE', 'ELEV'],
  ['MUTUAL AID', 'MA'],
  ['Heart Problems', '19C'],
  ['PUBLIC SERVICE', 'PS'],
  ['ODOR OF SMOKE', 'ODOR'],
  ['10-50 PI', '1050'],
  ['CARDIAC ARREST', '09E01'],
  ['TREE DOWN', 'TREE'],
  ['BACK PAIN', '05A01'],
  ['WELFARE CHECK', 'WELF'],
  // Words that no list of call types holds.
  ['KITCHEN', 'KITC'],
  ['STILL ALARM', 'STIL'],
  ['FULL BOX', 'BOX1'],
  ['TONES', 'TON'],
  ['COVERAGE MOVE UP', 'COV'],
  ['GRAIN BIN ENTRAPMENT', 'GRAIN'],
  ['RESPOND CODE 3', 'RC3'],
  ['INTERFACILITY', 'INTF'],
];
export const PLACES =
  'FAIRVALE GRANGE|DOLLAR BARN|LOWER BARN|SUNNY MEADOW NURSING HOME|MILLER ELEMENTARY SCHOOL|QUICK STOP #12|ST MARY CHURCH|RIVERSIDE APARTMENTS|FIRST BANK|COUNTY JAIL|ORCHARD PARK|BIG PINE CAMPGROUND'.split(
    '|',
  );
export const FIRST_NAMES = 'JOHN|MARY|ROBERT|LINDA|JAMES|ANA|WILL|PAT|DIANE|OMAR'.split('|');
export const LAST_NAMES = 'DOE|ROE|SAMPLE|TESTER|EXAMPLE|NOBODY|MUSTER|FICTUS'.split('|');
export const NARRATIVES = [
  'caller advised smoke showing from the eaves',
  'alarm company got no answer on the keyholder',
  '58 YOM CONSCIOUS AND BREATHING',
  '72-year-old, Female, Conscious, Breathing.',
  'PT FELL IN THE BATHROOM. NOT ALERT',
  'TWO VEHICLES, ONE ON ITS SIDE, BLOCKING THE ROAD',
  'KEYPAD PANEL ZONE 4',
  'Caller Statement: chest hurts since noon',
  'NEG 1023 / AC NEG',
  'CALL BACK: 5550100 NO ANSWER',
  'HOUSE IS BEHIND THE BARN, 2ND DRIVE ON LEFT',
  'odor in basement',
  'ADDRESS: VERIFIED BY CALLER',
  'REQ EMS TO STAGE, SO ENROUTE',
  'SUBJ IN A RED TRUCK NEAR MILE MARKER 4',
  '',
] as const;
export const UNIT_PREFIXES = ['E', 'T', 'M', 'R', 'BC-', 'MED', 'ENG', 'SQ', 'L', 'A', 'CAR', 'TK'];
export const AGENCIES = [
  'Fairvale Fire Dept',
  'Example County EMS',
  'Millbrook VFD',
  'Port Alder Rescue Squad',
  'Station 12',
];
