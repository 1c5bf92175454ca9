import { describe, expect, test } from 'vitest';
import { PAGE_TEXT_CHARS_MAX } from '#contracts/limits.ts';
import { zipColumns } from '#services/cad-ingest/parse/text/columns.ts';
import { decodeEntities } from '#services/cad-ingest/parse/text/entities.ts';
import { htmlToText, isHtml } from '#services/cad-ingest/parse/text/html.ts';
import { preparePage } from '#services/cad-ingest/parse/text/prepare.ts';

describe('HTML', () => {
  test('cells are parted by tabs, rows and blocks by lines', () => {
    const html = '<table><tr><td>City:</td><td>FAIRVALE</td></tr><tr><td>Units</td></tr></table>';
    expect(htmlToText(html).trim().split(/\n+/)).toEqual(['City:\tFAIRVALE', 'Units']);
  });

  test('style and script are for browsers', () => {
    const html = '<style>td { color: red }</style><p>FIRE</p><script>x < 1</script>';
    expect(htmlToText(html).trim()).toBe('FIRE');
  });

  test('what is no tag of HTML stays text', () => {
    expect(isHtml('GPS: <UNKNOWN> age < 5')).toBe(false);
    expect(htmlToText('<b>GPS:</b> <UNKNOWN> age < 5')).toBe('GPS: <UNKNOWN> age < 5');
  });

  test('preformatted columns keep their blanks', () => {
    expect(htmlToText('<pre>A    B\nC    D</pre>').trim()).toBe('A    B\nC    D');
  });

  test('a head of columns and its row become labels and values', () => {
    expect(zipColumns(['Type\tLocation\tCity', 'FIRE\t12 MILL RD\tFAIRVALE'])).toEqual([
      'Type: FIRE',
      'Location: 12 MILL RD',
      'City: FAIRVALE',
    ]);
  });
});

test('entities are decoded once, and a lone ampersand stays', () => {
  expect(decodeEntities('ELM &amp; OAK &#65;&#x42; &amp;lt; A & B &bogus; &')).toBe(
    'ELM & OAK AB &lt; A & B &bogus; &',
  );
});

describe('what gateways do to a page', () => {
  const bodyOf = (body: string, subject?: string) =>
    preparePage({ body, ...(subject === undefined ? {} : { subject }) });

  test('a BOM, carriage returns alone, no-break spaces and control characters', () => {
    expect(bodyOf('A\uFEFFB\rC\u00A0D\u0007E').body).toBe('AB\nC D E');
  });

  test('left-overs of quoted-printable, but not a box number', () => {
    expect(bodyOf('City: FAIRVALE=20\nFire Box =20 A').body).toBe('City: FAIRVALE\nFire Box =20 A');
  });

  test('runs of blanks stay: they are column breaks', () => {
    expect(bodyOf('PRIORITY: 2       REPORTED: 04:05').body).toContain('2       REPORTED');
  });

  test.each([
    ['CAD:FIRE;12 MILL RD', 'CAD', 'FIRE;12 MILL RD'],
    ['911CENTER:FIRE', '911CENTER', 'FIRE'],
    ['CAD:12 MILL RD;FIRE', 'CAD', '12 MILL RD;FIRE'],
    ['Nature:FIRE', '', 'Nature:FIRE'],
    ['CAD:2031-00042 FIRE', '', 'CAD:2031-00042 FIRE'],
    ['12:34 FIRE', '', '12:34 FIRE'],
  ])('the prefix of %s', (body, prefix, rest) => {
    expect(bodyOf(body)).toMatchObject({ prefix, body: rest });
  });

  test('FRM, SUBJ and MSG of an SMS gateway', () => {
    expect(bodyOf('FRM:cad@example.org\nSUBJ:Alert\nMSG:FIRE AT MILL')).toMatchObject({
      subject: 'Alert',
      body: 'FIRE AT MILL',
    });
  });

  test('a subject in parentheses in front of the body, but not the unit in brackets', () => {
    expect(bodyOf('(CAD Page) FIRE')).toMatchObject({ subject: 'CAD Page', body: 'FIRE' });
    expect(bodyOf('(555) 555-0142 FIRE').body).toBe('(555) 555-0142 FIRE');
    expect(bodyOf('[E91]- NATURE: FIRE').body).toBe('[E91]- NATURE: FIRE');
  });

  test('headers of a forwarded mail give the subject', () => {
    const body =
      '-----Original Message-----\nFrom: CAD\nSent: Thursday\nTo: FD\nSubject: RE: FIRE\n\n12 MILL RD';
    expect(bodyOf(body, 'FW: x')).toMatchObject({ subject: 'FIRE', body: '12 MILL RD' });
  });

  test.each([
    'CONFIDENTIALITY NOTICE: private',
    'This e-mail may contain secrets',
    'To unsubscribe, write to us',
    '** End of message **',
    '-- ',
    '__________',
  ])('the trailer %s is shed', (trailer) => {
    expect(bodyOf(`FIRE\n12 MILL RD\n${trailer}\nmore`).body.startsWith('FIRE\n12 MILL RD')).toBe(
      true,
    );
    expect(bodyOf(`FIRE\n12 MILL RD\n\n${trailer}`).body).toBe('FIRE\n12 MILL RD');
  });

  test('a text that is too long is cut, and says so', () => {
    const page = bodyOf('A'.repeat(PAGE_TEXT_CHARS_MAX + 1));
    expect(page.cut).toBe(true);
    expect(page.body.length).toBe(PAGE_TEXT_CHARS_MAX);
  });
});
