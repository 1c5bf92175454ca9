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
   * Resolves when a relay or folder has durably taken the mail. Rejects with Problem `validation`
   * when `to` is not one plain address or is refused, `unavailable` when the relay cannot take it now.
   */
  send(mail: OutgoingMail): Promise<void>;
}
