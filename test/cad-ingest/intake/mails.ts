let serial = 0;

/** A plain dispatch mail, each with its own number; parts of it may be replaced. No one in it is real. */
export function dispatchMail(
  about: { readonly from?: string; readonly header?: string; readonly body?: string } = {},
): string {
  serial += 1;
  const { from = 'desk@county.example', header = '' } = about;
  const { body = `CALL: CHIMNEY FIRE\r\nADDR: ${serial} Mill Rd\r\nID: 31-${serial}\r\n` } = about;
  return [
    `From: County Dispatch <${from}>`,
    'To: someone-else@elsewhere.example',
    'Subject: CAD Page',
    `Message-ID: <${serial}@county.example>`,
    header,
    body,
  ].join('\r\n');
}
