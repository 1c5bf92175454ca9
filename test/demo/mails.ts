/** Invented dispatch mails of different shapes; no person, place or number in them is real. */
export interface DemoMail {
  readonly title: string;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  /** What the incident must say; absent where the mail makes an incident that needs review. */
  readonly expected?: { readonly nature: string; readonly address: string };
}

export const demoMails: readonly DemoMail[] = [
  {
    title: 'label lines (the format to recommend to a centre)',
    subject: 'Dispatch',
    text: [
      'CALL: CHIMNEY FIRE',
      'PLACE: Fairvale Grange',
      'ADDR: 12 Mill Rd',
      'CITY: FAIRVALE',
      'ID: 31-000123',
      'PRI: 1',
      'DATE: 01/02/2031',
      'TIME: 04:05:06',
      'MAP: 7-C',
      'UNIT: E91, T91',
      'INFO: smoke from eaves, occupants out',
    ].join('\n'),
    expected: { nature: 'CHIMNEY FIRE', address: '12 Mill Rd' },
  },
  {
    title: 'two columns of labels',
    subject: 'INCIDENT # 31F0042',
    text: [
      'INCIDENT # 31F0042',
      '',
      'LONG TERM CAD# 31-00417   ACTIVE CALL# 12',
      'PRIORITY: 2                   REPORTED: 04:05:06 01/02/31',
      '',
      ' Nature: MEDICAL ALARM                                Type: f',
      'Address: 14 PINE HOLLOW RD; LOWER BARN               Zone: QX1',
      '   City: FAIRVALE',
      '',
      'Responding Units: E91,M4',
      '',
      'Cross Streets:',
      '   Between: ELM ST & DEAD END',
      '',
      'Comments:',
      'alarm company got no answer',
    ].join('\n'),
    expected: { nature: 'MEDICAL ALARM', address: '14 PINE HOLLOW RD' },
  },
  {
    title: 'labels on one line',
    subject: 'CAD Page',
    text:
      'NATURE: VEHICLE ACCIDENT W/ INJURY ADDRESS: QUARRY LN & OAK CT CITY: FAIRVALE ' +
      'CROSS: MILL RD / ELM ST UNITS: E91 R91 TIME: 17:21:09 CAD: 31-000124 ' +
      'COMMENTS: two cars, one on its side',
    expected: { nature: 'VEHICLE ACCIDENT W/ INJURY', address: 'QUARRY LN & OAK CT' },
  },
  {
    title: 'an HTML table',
    subject: 'Incident notice',
    html: [
      '<html><body><h1>Incident Information</h1><table>',
      '<tr><td>Incident:</td><td>2031-00000125</td></tr>',
      '<tr><td>Nature:</td><td>FIRE ALARM</td></tr>',
      '<tr><td>Address:</td><td>200 QUARRY LN</td></tr>',
      '<tr><td>City:</td><td>FAIRVALE</td></tr>',
      '</table></body></html>',
    ].join('\n'),
    expected: { nature: 'FIRE ALARM', address: '200 QUARRY LN' },
  },
  {
    title: 'a text that no reader understands: an incident that needs review',
    subject: 'page',
    text: 'pls call the desk about the thing by the old bridge, they say it is getting worse',
  },
];
