import { expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

const call = 'Nature: FIRE\nAddress: 12 MILL RD';

test.each([
  ['dispatch', { body: call }],
  ['dispatch', { body: `${call}\nReceived: 04:05:06\nDispatched: 04:06:10` }],
  ['dispatch', { body: `${call}\nComments: alarm company is testing the panel` }],
  ['update', { body: `Update: ${call}` }],
  ['update', { body: 'CAD:FYI: ;FIRE;12 MILL RD;FAIRVALE' }],
  ['update', { body: 'CANCEL; FIRE; 12 MILL RD' }],
  ['times', { body: `${call}\nEnroute: 04:08:00\nOn Scene: 04:15:00` }],
  ['times', { body: `${call}\nCleared: 04:40:00` }],
  ['times', { body: call, subject: 'Clear Report Incident # 42' }],
  ['times', { body: call, subject: 'Unit E91 from FVFD gets Available' }],
  ['dispatch', { body: 'STRUCTURE FIRE BEHIND THE OLD SCHOOL' }],
  ['other', { body: 'This is a test page.' }],
  ['other', { body: 'Meeting tonight at 7 at the station' }],
  ['other', { body: '' }],
] as const)('%s: %j', (kind, page) => {
  expect(readPage(page, []).kind).toBe(kind);
});

test('an empty label is no status time', () => {
  expect(readPage({ body: `${call}\nEnroute:\nOn Scene:\nCleared:` }, []).kind).toBe('dispatch');
});
