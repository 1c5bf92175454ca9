import { readMime } from './mime.ts';
import { readCalls } from './read-calls.ts';

/** One of each form that pages have: labels in lines and in one line, free text, and HTML in parts. */
const PAGES = [
  'CALL: STRUCTURE FIRE\nADDR: 12 MILL RD\nCITY: FAIRVALE\nID: 31-000123\nDATE: 01/02/2031\nTIME: 04:05:06\nUNIT: E91, T91\nINFO: smoke from eaves',
  'Type: CHEST PAIN Loc: 12 MILL RD APT 4 XSt: ELM ST / OAK AVE Lat: 38.123456 Lon: -84.123456 Caller: DOE, ANA 555-123-4567',
  'STRUCTURE FIRE; 12 MILL RD; FAIRVALE; ELM ST & OAK AVE; E91 T91; 04:05:06',
  'MEDIC 5 RESPOND TO US 23 N AT MM 12 FOR A VEHICLE ACCIDENT. 58 YOM conscious, caller states he is near OLD COUNTY RD',
  '<table><tr><td>Nature:</td><td>FALL</td></tr><tr><td>Address:</td><td>100 BROADWAY</td></tr></table>',
];
const ABOUT = { from: undefined, receivedAt: '2031-01-02T10:05:10.000Z', sourceId: 'warm-up' };
/** Patterns are compiled for good at their second use. */
const TURNS = 2;

/**
 * Reads some invented pages, so that code and patterns are compiled before the first mail: it then takes
 * some milliseconds, and not a hundred.
 */
export async function warmUp(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const page of PAGES) await readOne(page);
  }
}

async function readOne(page: string): Promise<void> {
  const type = page.startsWith('<') ? 'text/html' : 'text/plain';
  const plain = `Subject: CAD Page\r\nContent-Type: ${type}\r\n\r\n${page}`;
  const parts = `Subject: CAD Page\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: ${type}\r\n\r\n${page}\r\n--b--`;
  for (const mail of [plain, parts]) {
    const mime = await readMime(Buffer.from(mail));
    if (mime.kind === 'mime') readCalls(mime, ABOUT, {});
  }
}
