/** Another process's change is looked for this often while keys are in use. */
const FRESH_MS = 1_000;
/** What is older was not in use meanwhile: it is looked up before it is believed. */
const STALE_MS = 3_000;

/**
 * The word that tells whether any key was added since. In use it is refreshed beside the work, so
 * that no request waits for it, and a failure leaves the known keys in use: they stay good.
 */
export interface Generation {
  current(): Promise<string>;
  /** Looks now. */
  look(): Promise<string>;
}

export function openGeneration(ask: () => Promise<string>): Generation {
  let known: { readonly word: string; readonly at: number } | undefined;
  let asking: Promise<string> | undefined;

  function look(): Promise<string> {
    asking ??= ask()
      .then((word) => {
        known = { word, at: performance.now() };
        return word;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  return {
    look,
    async current() {
      if (known === undefined) return look();
      const age = performance.now() - known.at;
      const { word } = known;
      if (age < FRESH_MS) return word;
      // Keys do not go bad when the service that keeps them is away.
      const looking = look().catch(() => word);
      return age < STALE_MS ? word : looking;
    },
  };
}
