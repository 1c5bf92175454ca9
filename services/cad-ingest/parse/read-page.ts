import type { CadDraft } from '#contracts/cad-fields.ts';
import type { Profile } from './profile.ts';

/** One dispatch mail as text. `body` is plain text or HTML source; `html` is the HTML part, if any. */
export interface Page {
  readonly subject?: string;
  readonly body: string;
  readonly html?: string;
  readonly from?: string;
  readonly receivedAt?: string;
  readonly source?: string;
}

/** Reads one page into a draft; any text gets an answer and none throws. */
export function readPage(page: Page, profiles: readonly Profile[]): CadDraft {
  void page;
  void profiles;
  return { kind: 'other', profile: 'none', confidence: 0, fields: {}, unsure: [] };
}
