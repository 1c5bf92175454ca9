import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEADER_BYTES_MAX, scanHeader } from '#services/cad-ingest/intake/header-scan.ts';

const scan = (text: string) => scanHeader(Buffer.from(text, 'latin1'));
const mail = (...lines: string[]) => scan([...lines, '', 'CALL: FIRE', ''].join('\r\n'));
const clean = ['To: cad@desk.example', 'Subject: CAD Page'];

describe('a header with one sender names it', () => {
  test.each([
    ['From: desk@county.example', 'desk@county.example'],
    ['from: Desk@County.Example', 'desk@county.example'],
    ['FROM:<desk@county.example>', 'desk@county.example'],
    ['From: County Dispatch <desk@county.example>', 'desk@county.example'],
    ['From: "Dispatch, County" <desk@county.example>', 'desk@county.example'],
    ['From: "x@other.example" <desk@county.example>', 'desk@county.example'],
    ['From: desk@county.example (County <Dispatch>, 911)', 'desk@county.example'],
    ['From: desk@county.example <desk@county.example>', 'desk@county.example'],
    ['From: =?utf-8?q?Caf=C3=A9?= <desk@county.example>', 'desk@county.example'],
    ['From: Caf\xc3\xa9 <desk@county.example>', 'desk@county.example'],
    ['From: County Dispatch\r\n <desk@county.example>', 'desk@county.example'],
    ['From:\r\n\tdesk@county.example', 'desk@county.example'],
    ['From: a+b.c_d@mail.xn--80ak6aa92e.example', 'a+b.c_d@mail.xn--80ak6aa92e.example'],
  ])('%j', (line, address) => {
    expect(mail(line, ...clean)).toMatchObject({ from: address, findings: [] });
  });
});

describe('a header that two readers may read in two ways names no sender', () => {
  const good = 'From: desk@county.example';
  test.each([
    ['no From', [], 'from-missing'],
    ['two From', [good, 'From: evil@other.example'], 'from-repeated'],
    ['two From in other casing', [good, 'fROM: desk@county.example'], 'from-repeated'],
    ['a second From behind a broken name', [good, 'From : evil@other.example'], 'from-repeated'],
    ['a second From behind a no-break space', [good, '\xa0From: x@y.example'], 'from-repeated'],
    ['blank before the colon', ['From : desk@county.example'], 'from-malformed'],
    ['fold before the colon', ['From\r\n : desk@county.example'], 'from-malformed'],
    ['NUL in the name', ['Fr\0om: desk@county.example'], 'from-malformed'],
    ['byte order mark', ['\xef\xbb\xbfFrom: desk@county.example'], 'from-malformed'],
    ['two addresses', ['From: desk@county.example, evil@other.example'], 'from-several-addresses'],
    ['two in brackets', ['From: <desk@county.example> <e@o.example>'], 'from-several-addresses'],
    ['another in the name', ['From: e@o.example <desk@county.example>'], 'from-several-addresses'],
    ['a group', ['From: Desk: desk@county.example;'], 'from-several-addresses'],
    ['a route', ['From: <@relay.example:desk@county.example>'], 'from-several-addresses'],
    ['an encoded address', ['From: =?utf-8?q?desk=40county.example?='], 'from-encoded-address'],
    ['encoded in brackets', ['From: x <=?utf-8?q?desk?=@county.example>'], 'from-encoded-address'],
    ['a letter that is not ASCII', ['From: desk@c\xc3\xb6unty.example'], 'from-not-ascii'],
    ['full-width letters', ['From: desk@\xef\xbd\x83ounty.example'], 'from-not-ascii'],
    ['a quoted local part', ['From: "desk"@county.example'], 'from-not-an-address'],
    ['a quote that does not end', ['From: "Desk <desk@county.example>'], 'from-not-an-address'],
    ['a comment in the address', ['From: <desk(x)@county.example>'], 'from-not-an-address'],
    ['a fold in the address', ['From: <desk@\r\n county.example>'], 'from-not-an-address'],
    ['NUL in the address', ['From: <desk@county.example\0.o.example>'], 'from-not-an-address'],
    ['text behind the address', ['From: <desk@county.example> x'], 'from-not-an-address'],
    ['no domain', ['From: desk'], 'from-not-an-address'],
    ['nothing', ['From:'], 'from-not-an-address'],
  ])('%s', (_, lines, finding) => {
    const found = mail(...lines, ...clean);
    expect(found.findings).toContain(finding);
    expect(found.from).toBeUndefined();
  });

  test.each([
    ['bare CR', 'X-Note: a\rFrom: evil@other.example', 'header-bare-cr'],
    ['NUL', 'X-Note: a\0b', 'header-nul'],
    ['a line without a colon', 'X-Note', 'header-malformed'],
    ['a name with a blank', 'X Note: a', 'header-malformed'],
    ['no name', ': a', 'header-malformed'],
    ['a line of blanks', 'X-Note: a\r\n \t', 'header-malformed'],
    ['an mbox line', 'From desk@county.example Sat Jan  3', 'header-malformed'],
    ['two subjects', 'Subject: Other', 'header-repeated'],
    ['two content types', 'Content-Type: text/plain\r\nContent-Type: text/html', 'header-repeated'],
  ])('a finding for %s, although the From is right', (_, line, finding) => {
    expect(mail(good, ...clean, line).findings).toContain(finding);
  });

  test('a header over the limit is cut off and said to be', () => {
    const long = mail(good, `X-Long: ${'a'.repeat(HEADER_BYTES_MAX)}`);
    expect(long.findings).toContain('header-too-large');
    expect(long.headerBytes).toBe(HEADER_BYTES_MAX);
    expect(mail(good, `X-Long: ${'a'.repeat(HEADER_BYTES_MAX - 100)}`).findings).toEqual([]);
  });
});

describe('the rest of the header', () => {
  test('subject and message id are unfolded and freed of control characters', () => {
    const found = mail(
      'From: desk@county.example',
      'Subject: CAD\r\n Page\x07 12',
      'Message-ID: <1@county.example>',
      'DKIM-Signature: v=1; d=County.example;\r\n h=Subject : From; b=AbC/=',
    );
    expect(found).toMatchObject({
      subject: 'CAD Page  12',
      messageId: '<1@county.example>',
      signatures: [{ domain: 'county.example', signsFrom: true, wholeBody: true }],
      findings: [],
    });
  });

  test('fields of the body are no fields', () => {
    const found = scan('From: desk@county.example\r\n\r\nFrom: evil@other.example\r\n');
    expect(found).toMatchObject({ from: 'desk@county.example', findings: [] });
  });

  test('lines may end with LF alone, and the body may be missing', () => {
    expect(scan('From: desk@county.example\nSubject: x\n\nbody').from).toBe('desk@county.example');
    expect(scan('From: desk@county.example').from).toBe('desk@county.example');
  });
});

describe('for every input', () => {
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  const piece = fc.constantFrom(
    'From',
    ...': < > " ( ) \\'.split(' '),
    ' ',
    '\r\n',
    '\n',
    '\r',
    '\0',
  );
  const hostile = fc
    .array(piece, { maxLength: 60 })
    .map((pieces) => Buffer.from(`${pieces.join('')}desk@county.example`, 'latin1'));

  test('there is an answer, and a sender only where nothing about the sender is in doubt', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, hostile), (raw) => {
        const { from, findings } = scanHeader(raw);
        const doubts = findings.filter((finding) => finding.startsWith('from-'));
        expect(from === undefined).toBe(doubts.length > 0);
        if (from !== undefined) expect(from).toMatch(/^[!-~]+@[a-z0-9.-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a second From, wherever and however written, takes the sender away', () => {
    const casing = fc.constantFrom('From', 'from', 'FROM', 'fRoM', 'From ', 'From\t', 'From\r\n ');
    const other = fc.constantFrom('Subject: x', 'To: a@b.example', 'X-A: b\r\n c');
    const before = fc.array(other, { maxLength: 3 });
    fc.assert(
      fc.property(casing, before, before, (name, first, second) => {
        const lines = [...first, 'From: desk@county.example', ...second, `${name}: e@o.example`];
        expect(mail(...lines).findings).toContain('from-repeated');
        expect(mail(...lines.toReversed()).from).toBeUndefined();
      }),
    );
  });

  test('the worst values known take no time', () => {
    const worst = [
      `From: "${'\\"'.repeat(300_000)}`,
      `From: ${'('.repeat(600_000)}`,
      `From: ${'<'.repeat(600_000)}`,
      `From: ${'a.'.repeat(300_000)}@x.example`,
      `From: a@${'a-'.repeat(300_000)}`,
      ` ${'\r\n '.repeat(200_000)}`,
      '\r\n:'.repeat(200_000),
    ];
    // Where anything is quadratic, one of them alone takes longer than a test may.
    for (const text of worst) expect(scan(text)).toBeDefined();
  });
});
