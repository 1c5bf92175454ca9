/**
 * What is found out about a piece of text holds for the whole of its page: the search for a
 * delimiter, the fragments, the profiles and the generic reader ask the same of the same pieces
 * again and again. Only answers of pure functions are remembered, so that nobody can tell it from
 * asking anew, and they are forgotten when the page is read: no text of a page stays.
 */
const memory: { open: boolean; readonly answers: Map<string, unknown>[] } = {
  open: false,
  answers: [],
};

/** Of one page and function. A real page has some dozens; this bounds the memory of the others. */
const PIECES_MAX = 2_000;

/** The same function, which works out each text once a page. What it returns must not be changed. */
export function oncePerPage<Answer>(read: (text: string) => Answer): (text: string) => Answer {
  const known = new Map<string, { readonly answer: Answer }>();
  memory.answers.push(known);
  return (text) => {
    if (!memory.open) return read(text);
    const before = known.get(text);
    if (before !== undefined) return before.answer;
    const answer = read(text);
    if (known.size >= PIECES_MAX) known.clear();
    known.set(text, { answer });
    return answer;
  };
}

/** Reads a page, or the pages of one mail, and forgets what was found out on the way. */
export function withinPage<Result>(read: () => Result): Result {
  if (memory.open) return read();
  memory.open = true;
  try {
    return read();
  } finally {
    memory.open = false;
    for (const known of memory.answers) if (known.size > 0) known.clear();
  }
}
