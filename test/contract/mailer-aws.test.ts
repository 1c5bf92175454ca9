/** What SES is given, and what becomes of a mail that it does not take. */
import { simpleParser } from 'mailparser';
import { describe, expect, test as plain } from 'vitest';
import { openMailer } from '#shared/aws/mailer.ts';
import { awsAt } from '#test/support/aws-engines.ts';
import { verifySender } from '#test/support/aws-resources.ts';
import { type Fate, openFaultyProxy } from '#test/support/faulty-proxy.ts';
import { motoOfProcess, onMoto, SENDER } from './aws-adapters.ts';

const { missing, name } = onMoto();
const test = plain.skipIf(missing);

const mail = {
  to: 'chief@example.org',
  subject: 'Einladung für die Brücke 🚒',
  text: 'Willkommen.\n',
  id: 'invitation-1',
};

interface Taken {
  readonly source: string;
  readonly destinations: readonly string[];
  readonly raw_data: string;
}

async function opened(fate: () => Fate = () => 'pass', from = SENDER) {
  const stack = new AsyncDisposableStack();
  const engine = await motoOfProcess();
  await verifySender(awsAt(engine), SENDER);
  const proxy = stack.use(await openFaultyProxy(engine.url, fate));
  const aws = awsAt({ ...engine, url: proxy.url });
  const mailer = stack.use(await openMailer({ aws, from, clock: Date.now }));
  /** What the engine has taken so far, newest last. */
  const taken = async () => {
    const answer = await fetch(`${engine.url}/moto-api/data.json`);
    const data = (await answer.json()) as { ses?: { RawMessage?: Taken[] } };
    return data.ses?.RawMessage ?? [];
  };
  return { mailer, taken, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe(`the mailer on ${name}`, () => {
  test('gives SES the whole mail, for one recipient, under an id that a repeat has too', async () => {
    await using made = await opened();
    await made.mailer.send(mail);
    await made.mailer.send(mail);
    const [first, second] = (await made.taken()).slice(-2);
    expect(first?.source).toBe(SENDER);
    // The engine adds the recipients of the header to those that it was given.
    expect(new Set(first?.destinations)).toEqual(new Set([mail.to]));
    const parsed = await simpleParser(first?.raw_data ?? '');
    expect(parsed.subject).toBe(mail.subject);
    expect(parsed.text?.replaceAll('\r\n', '\n')).toBe(mail.text);
    expect(parsed.from).toMatchObject({ text: SENDER });
    expect(parsed.messageId).toMatch(/^<[0-9a-f]{32}@watchdesk\.example>$/);
    expect((await simpleParser(second?.raw_data ?? '')).messageId).toBe(parsed.messageId);
  });

  test('says unavailable while SES is away, and sends when it is back', async () => {
    let fate: Fate = 'refuse';
    await using made = await opened(() => fate);
    await expect(made.mailer.send(mail)).rejects.toMatchObject({ code: 'unavailable' });
    fate = 'pass';
    await made.mailer.send(mail);
  });

  test('tells a mail that SES rejects from one that it could not take', async () => {
    await using made = await opened(() => 'pass', 'nobody@not-verified.example');
    await expect(made.mailer.send(mail)).rejects.toMatchObject({ code: 'validation' });
  });

  test('refuses a mail over what SES takes before it is sent', async () => {
    await using made = await opened();
    const text = 'x'.repeat(10_000_001);
    await expect(made.mailer.send({ ...mail, text })).rejects.toMatchObject({ code: 'too-large' });
  });
});
