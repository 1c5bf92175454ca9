import { describe, expect, test as plain } from 'vitest';
import { mailerAdapters, openPlace } from './adapters.ts';

describe.each(mailerAdapters)('the mailer on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);

  async function opened() {
    const place = await openPlace();
    return { place, mailer: await open(place) };
  }
  const mail = {
    to: 'chief@example.org',
    subject: 'Invitation',
    text: 'Welcome',
    id: 'invitation-1',
  };

  test('takes a mail, and the same one again', async () => {
    const { place, mailer } = await opened();
    await using _ = place;
    expect(await mailer.send(mail)).toBe('taken');
    expect(await mailer.send(mail)).toBe('taken');
  });

  test.each([
    'nobody',
    'two@example.org, three@example.org',
    'chief@example.org\r\nBcc: spy@example.com',
    'Chief <chief@example.org>',
    '"a b"@example.org',
    '@example.org',
    '',
    `${'a'.repeat(250)}@example.org`,
  ])('refuses to send to "%s"', async (to) => {
    const { place, mailer } = await opened();
    await using _ = place;
    await expect(mailer.send({ ...mail, to })).rejects.toMatchObject({ code: 'validation' });
  });
});
