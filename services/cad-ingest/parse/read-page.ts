import type { CadDraft, CadFieldKey } from '#contracts/cad-fields.ts';
import { type Draft, newDraft } from './draft.ts';
import { finishFields } from './finish.ts';
import { readGeneric } from './generic.ts';
import { kindOf } from './kind.ts';
import type { Profile } from './profile.ts';
import { type PageText, preparePage } from './text/prepare.ts';

/** One dispatch mail as text. `body` is plain text or HTML source; `html` is the HTML part, if any. */
export interface Page {
  readonly subject?: string;
  readonly body: string;
  readonly html?: string;
  readonly from?: string;
  readonly receivedAt?: string;
  readonly source?: string;
}

/** Below this certainty a field wants a person's eye. */
const SURE = 0.8;

/** Reads one page into a draft; any text gets an answer and none throws. */
export function readPage(page: Page, profiles: readonly Profile[]): CadDraft {
  void profiles;
  const text = preparePage(page);
  const draft = newDraft();
  readGeneric(text, draft);
  return toDraft(text, draft, 'generic');
}

function toDraft(text: PageText, draft: Draft, profile: string): CadDraft {
  const fields = finishFields(draft);
  const kind = kindOf(text, draft);
  const unsure = (Object.keys(fields) as CadFieldKey[]).filter(
    (key) => (draft.certain.get(key) ?? 1) < SURE,
  );
  const nature = draft.certain.get('nature') ?? 0;
  const address = draft.certain.get('address') ?? 0;
  const confidence = Math.round(((nature + address) / 2) * 100) / 100;
  return { kind, profile, confidence, fields, unsure };
}
