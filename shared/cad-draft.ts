import type { CadDraft } from '#contracts/cad-fields.ts';

/**
 * The draft without what it says in these fields of an incident. The agency of an incident is the
 * field `source` of a mail.
 */
export function draftWithout(draft: CadDraft, fields: readonly string[]): CadDraft {
  const { translated, fieldConfidence, ...rest } = draft;
  const without = <Said extends object>(said: Said): Partial<Said> =>
    // `fromEntries` forgets the types of the keys; each is one of those that came in.
    Object.fromEntries(
      Object.entries(said).filter(([key]) => !fields.includes(key === 'source' ? 'agency' : key)),
    ) as Partial<Said>;
  return {
    ...rest,
    fields: without(draft.fields),
    ...(fieldConfidence === undefined ? {} : { fieldConfidence: without(fieldConfidence) }),
    ...(translated === undefined ? {} : { translated: without(translated) }),
  };
}
