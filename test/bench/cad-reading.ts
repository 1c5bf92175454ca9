import { simpleParser } from 'mailparser';
import { readPages } from '#services/cad-ingest/parse/read-pages.ts';
import { readMime } from '#services/cad-ingest/processing/mime.ts';
import {
  type Invented,
  invent,
  owns,
  products,
  unknowns,
  wilds,
} from '#test/cad-ingest/generator/pages.ts';
import { median, percentile, type Table } from './table.ts';

const SEED = 'bench';
const ROUNDS = 5;
/** Of one page. */
const TRIES = 4;
/** Mails of one round: enough that a round takes some hundred milliseconds. */
const MAILS = 600;

/** What reading costs: against taking the mail apart alone, and page by page. */
export async function benchReading(): Promise<readonly Table[]> {
  const pages = [...products, ...unknowns, ...owns, ...wilds].flatMap((product) =>
    invent({ product, seed: SEED, agencies: 3, pages: 8 }),
  );
  return [await compareRates(pages), perPage(pages), costlyPages()];
}

/**
 * In turns, on the same mails: the library alone, and the whole of ours, which includes the library.
 * By processor time, because both wait for nothing.
 */
async function compareRates(pages: readonly Invented[]): Promise<Table> {
  const step = Math.max(1, Math.floor(pages.length / MAILS));
  const mails = pages.filter((_, index) => index % step === 0).map(rawOf);
  const theirs: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const alone = await rate(mails, async (raw) => void (await simpleParser(raw)));
    const whole = await rate(mails, readWhole);
    // The first round compiles the code.
    if (round === 0) continue;
    theirs.push(alone);
    ours.push(whole);
  }
  const ratios = ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
  return {
    title: `Reading ${mails.length} invented mails, one at a time`,
    rows: [
      { what: 'MIME and page to draft, processor time', value: median(ours), unit: '1/s' },
      { what: 'mailparser alone, processor time', value: median(theirs), unit: '1/s' },
      { what: 'ratio of rates', value: median(ratios), unit: 'ratio', target: '>= 0.8' },
    ],
  };
}

async function rate(
  mails: readonly Buffer[],
  read: (raw: Buffer) => Promise<void>,
): Promise<number> {
  const before = cpuMs();
  for (const raw of mails) await read(raw);
  return (1_000 * mails.length) / (cpuMs() - before);
}

async function readWhole(raw: Buffer): Promise<void> {
  const mime = await readMime(raw);
  if (mime.kind === 'refused') throw new Error(`a mail was refused: ${mime.because}`);
  const { subject, text = '', html } = mime;
  readPages(
    {
      body: text,
      receivedAt: '2031-01-02T10:05:10.000Z',
      ...(subject === undefined ? {} : { subject }),
      ...(html === undefined ? {} : { html }),
    },
    [],
  );
}

function rawOf({ mail }: Invented, index: number): Buffer {
  const isHtml = /<\w+[^>]*>/.test(mail.body);
  const lines = [
    'From: County Dispatch <desk@county.example>',
    'To: desk@fairvale.example',
    `Subject: ${mail.subject ?? 'CAD Page'}`,
    `Message-ID: <bench-${index}@county.example>`,
    'MIME-Version: 1.0',
    `Content-Type: text/${isHtml ? 'html' : 'plain'}; charset=utf-8`,
    '',
    mail.body,
  ];
  return Buffer.from(lines.join('\r\n'));
}

function perPage(pages: readonly Invented[]): Table {
  const times = pages.map(({ mail }) => costMs(mail));
  return {
    title: `Reading one page, ${pages.length} invented pages`,
    rows: [
      { what: 'p50', value: percentile(times, 0.5), unit: 'ms' },
      { what: 'p95', value: percentile(times, 0.95), unit: 'ms' },
      { what: 'p99', value: percentile(times, 0.99), unit: 'ms' },
      { what: 'longest', value: Math.max(...times), unit: 'ms', target: '<= 50' },
    ],
  };
}

/** As long as a page may be, made of what makes scanners go back. */
function costlyPages(): Table {
  const long = (unit: string) => unit.repeat(Math.ceil(100_000 / unit.length)).slice(0, 100_000);
  const costly: Readonly<Record<string, string>> = {
    'a nest of tags': long('<td>'),
    'labels without values': long('a:a:'),
    addresses: long('123 MAIN ST '),
    'address labels': long('ADDR: 1 A ST\n'),
    'stamps of operators': long('[01/02/31 04:05:06 OPERATOR] smoke showing\n'),
    'times of units': long('Unit: E1 Enroute: 10:00 '),
    'log lines': long('10:00:01 E1 Enroute\n'),
    'words of call types': long('FIRE '),
    coordinates: long('36.1234 -81.2345 '),
    'one call after the other': long('Call: FIRE\nAddress: 12 MILL RD\nID: 31-1\n\n'),
    'a real page, 57,545 characters': `CALL: FIRE\nADDR: 12 MILL RD\nINFO: ${long('smoke showing from two windows, crew on the way. ').slice(0, 57_500)}`,
  };
  const rows = Object.entries(costly).map(([what, body]) => {
    return { what, value: processorMs({ body }), unit: 'ms', target: '<= 50' };
  });
  return { title: 'Reading one costly page of 100,000 characters, processor time', rows };
}

/** The best of some tries: what is slower is the machine's doing. */
function costMs(mail: { readonly subject?: string; readonly body: string }): number {
  const times = Array.from({ length: TRIES }, () => {
    const beganAt = performance.now();
    readPages({ ...mail, receivedAt: '2031-01-02T10:05:10.000Z' }, []);
    return performance.now() - beganAt;
  });
  return Math.min(...times);
}

/** The clock of processor time goes in steps of some milliseconds: a page is read until it tells. */
const TELLING_MS = 60;

function processorMs(mail: { readonly body: string }): number {
  readPages(mail, []);
  const before = cpuMs();
  let times = 0;
  while (cpuMs() - before < TELLING_MS) {
    readPages(mail, []);
    times += 1;
  }
  return (cpuMs() - before) / times;
}

/** Processor time of this thread: what others do on the machine is not what reading costs. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
