export interface OutgoingMail {
  readonly to: string;
  readonly subject: string;
  /** Plain text; no HTML leaves the product. */
  readonly text: string;
  /** Plain texts beside it, under their file names, byte for byte in UTF-8. */
  readonly attachments?: readonly { readonly name: string; readonly text: string }[];
  /** Makes a repeated send recognisable to the receiver: the `Message-ID` is made from it. */
  readonly id: string;
}

/** Mail to people. Accepted is not delivered; a repeated send may deliver twice. */
export interface Mailer extends AsyncDisposable {
  /**
   * `taken` when a relay or folder has durably taken the mail. `refused` when it is known at once that
   * there is no such mailbox: no later mail to it is of use. Rejects with Problem `validation` when `to`
   * is not one plain address or the mail is refused for another reason, `unavailable` when it cannot be
   * taken now.
   */
  send(mail: OutgoingMail): Promise<'taken' | 'refused'>;
}
