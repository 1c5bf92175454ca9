import { describe, expect, test } from 'vitest';
import { guessRoles, labelRoles } from '#services/cad-ingest/parse/dictionary.ts';
import { cutSegments } from '#services/cad-ingest/parse/segments.ts';

/** `label=text` of each piece, the label empty where there is none. */
function pieces(text: string): string[] {
  return cutSegments(text.split('\n')).map(({ label, text }) => `${label ?? ''}=${text}`);
}

describe('labels', () => {
  test('stand one per line, several on a line, and in two columns', () => {
    expect(pieces('Nature: FIRE ALARM          Type: f\nCity: FAIRVALE')).toEqual([
      'Nature=FIRE ALARM',
      'Type=f',
      'City=FAIRVALE',
    ]);
  });

  test('are told from the value before them also by one blank', () => {
    expect(pieces('CALL:FIRE ADDR:12 MILL RD CITY:FAIRVALE')).toEqual([
      'CALL=FIRE',
      'ADDR=12 MILL RD',
      'CITY=FAIRVALE',
    ]);
  });

  test('the longest known label counts, unless its words do not belong together', () => {
    expect(pieces('Cross Streets: ELM ST')).toEqual(['Cross Streets=ELM ST']);
    expect(pieces('Nature: FIRE ALARM Type: f')).toEqual(['Nature=FIRE ALARM', 'Type=f']);
  });

  test('a time is no label', () => {
    expect(pieces('Time: 04:05:06')).toEqual(['Time=04:05:06']);
    expect(pieces('arrived 12:34 on scene')).toEqual(['=arrived 12:34 on scene']);
  });

  test('dots pad a label and doubled signs end it', () => {
    expect(pieces('Incident Type  . : FIRE')).toEqual(['Incident Type  .=FIRE']);
  });

  test('a label without a value takes the lines behind it up to a blank one', () => {
    expect(pieces('Units:\nE91\nM4\n\nFAIRVALE')).toEqual(['Units=E91\nM4', '=FAIRVALE']);
  });

  test('inside a narrative only a label at a line start begins a field that is not there yet', () => {
    const text = 'Address: 12 MILL RD\nComments: ADDRESS: verified CALL BACK: none\nUnits: E91';
    expect(pieces(text)).toEqual([
      'Address=12 MILL RD',
      'Comments=ADDRESS: verified CALL BACK: none',
      'Units=E91',
    ]);
  });

  test('a label that nobody knows ends the value before it at a column gap', () => {
    expect(pieces('City: FAIRVALE    Bogus Thing: 4')).toEqual(['City=FAIRVALE', 'Bogus Thing=4']);
  });

  test('cells of a table are labels and values', () => {
    expect(pieces('City\tFAIRVALE')).toEqual(['City=FAIRVALE']);
    expect(pieces('12 MILL ST\tFAIRVALE')).toEqual(['=12 MILL ST\tFAIRVALE']);
  });
});

test('a label means what its words say, however it is written', () => {
  expect(labelRoles('Unit(s) Responded')).toEqual(['units']);
  expect(labelRoles('LOC')).toEqual(['address', 'placeName']);
  expect(labelRoles('bogus')).toBeUndefined();
});

test('an unknown label is guessed by one of its words', () => {
  expect(guessRoles('Address of Emergency')?.[0]).toBe('address');
  expect(guessRoles('Caller Address')?.[0]).toBe('skip');
  expect(guessRoles('Weather')).toBeUndefined();
});
