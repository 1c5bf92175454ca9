/**
 * The files whose changes must be noticed, and the suites that are about each of them: only these
 * judge it. What another one would notice by chance is no promise kept.
 */
const walk = ['walk', 'walk-gaps', 'walk-order', 'signed', 'derived'];

const suites: Readonly<Record<string, readonly string[]>> = {
  'chain/append': ['core'],
  'chain/block': ['block', 'core'],
  'chain/derived': walk,
  'chain/entry': ['entry', 'core', 'look'],
  'chain/head': ['head', 'core'],
  'chain/inspect': walk,
  'chain/look': ['look'],
  'chain/seal': ['seal', 'seal-block'],
  'chain/seal-block': ['seal-block', 'seal'],
  'chain/signed': walk,
  'chain/subtrees': walk,
  'chain/tiles': ['tiles', 'tree', 'published-vectors'],
  'chain/tree': ['tree', 'published-vectors'],
  'chain/verify': walk,
  'append/events': ['service'],
  'append/kept-values': ['record-keys'],
  'append/slot': ['slot'],
  'append/values': ['record-keys', 'values'],
  'append/writer': ['commit', 'writer'],
  'portable/archive': ['archive'],
  'portable/bundle': ['bundle'],
  'portable/checkpoint': ['portable', 'published-vectors'],
  'portable/content': ['portable'],
  'portable/cosignature': ['portable', 'cosigned-bundle'],
  'portable/der': ['portable'],
  'portable/hash': ['portable'],
  'portable/note': ['signed-note', 'portable', 'published-vectors'],
  'portable/proof': ['proof', 'published-vectors'],
  'portable/proof-file': ['published-vectors', 'proof-file'],
  'portable/timestamp': ['timestamp-fields'],
  'portable/verify': ['portable', 'published-vectors', 'bundle', 'proof-file'],
  'portable/verify-bundle': ['bundle'],
  'verify/key-ids': ['key-ids'],
  'verify/key-watch': ['key-watch'],
  'verify/log-reader': ['log-reader'],
  'verify/patrol-state': ['patrol-state'],
};

/** Path of a file -> paths of the suites that judge it. */
export const judged: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(suites).map(([file, names]) => [
    `services/ledger/${file}.ts`,
    names.map((name) => `test/ledger/${name}.test.ts`),
  ]),
);
