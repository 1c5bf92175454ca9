/** Longest run of blanks that is kept: wider column gaps say nothing more, and cost time. */
export const BLANK_RUN_CHARS_MAX = 40;
/** A subject longer than this is cut; RFC 5322 lines end at 998. */
export const SUBJECT_CHARS_MAX = 2_000;
/** Lines and pieces past these counts stay narrative: no page has so many fields. */
export const LINES_MAX = 4_000;
export const PIECES_MAX = 400;
/** The words of one value that the address grammar looks at. */
export const TOKENS_MAX = 160;
/** Free text is searched for an address only so far: the call stands in front of the narrative. */
export const FREE_TEXT_CHARS_MAX = 1_200;
