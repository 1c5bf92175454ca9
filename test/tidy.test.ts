/**
 * The rules of the tree. Each one names the offence and says why the rule is there; a rule that has
 * outlived its reason is changed here, not worked around.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { describe, expect, test } from 'vitest';

const FILE_LINES_MAX = 400;

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const sources = files.filter((file) => file.endsWith('.ts'));
const text = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));

interface Offence {
  readonly file: string;
  readonly what: string;
}

function expectNone(offences: readonly Offence[], why: string): void {
  const lines = offences.map(({ file, what }) => `${file}: ${what}`);
  expect(lines, `${why}\n${lines.join('\n')}`).toEqual([]);
}

/**
 * Who may import what. The first rule whose folder matches is the file's; `node:` modules are free
 * for everybody but the contracts.
 */
const importRules: readonly { readonly in: RegExp; readonly may: readonly RegExp[] }[] = [
  { in: /^contracts\//, may: [/^zod$/, /^#?contracts\//] },
  { in: /^shared\/ports\//, may: [/^contracts\//, /^shared\/ports\//, /^node:/] },
  { in: /^shared\/embedded\//, may: adapterMay(/^nodemailer$/) },
  { in: /^shared\/nats\//, may: adapterMay(/^@nats-io\//) },
  { in: /^shared\/aws\//, may: adapterMay(/^@aws-sdk\//, /^iovalkey$/) },
  { in: /^shared\/open(-aws)?\.ts$/, may: [/^node:/, /^contracts\//, /^shared\//] },
  {
    in: /^shared\//,
    may: [
      /^node:/,
      /^(zod|pino)$/,
      /^contracts\//,
      /^shared\/ports\//,
      /^shared\/[a-z-]+\.ts$/,
      // One file each: context.ts, canonical.ts, metrics.ts, tracing.ts.
      /^(jose|canonicalize|prom-client|@opentelemetry\/api)$/,
    ],
  },
  {
    in: /^services\/ledger\/portable\//,
    may: [/^node:crypto$/, /^@noble\//, /^services\/ledger\/portable\//],
  },
  { in: /^services\/gateway\//, may: serviceMay('gateway', /^(fastify|@fastify\/)/) },
  { in: /^services\/core-records\//, may: serviceMay('core-records') },
  { in: /^services\/files\//, may: serviceMay('files', /^file-type/) },
  { in: /^services\/ledger\//, may: serviceMay('ledger', /^@noble\/hashes/) },
  {
    in: /^services\/cad-ingest\//,
    may: serviceMay('cad-ingest', /^(mailparser|smtp-server|mailauth)/),
  },
  {
    in: /^services\/all\.ts$/,
    may: [
      /^node:/,
      /^contracts\//,
      /^shared\/[a-z-]+\.ts$/,
      /^services\/[a-z-]+\/(service|config)\.ts$/,
    ],
  },
  {
    in: /^services\/cli\.ts$/,
    may: [
      /^node:/,
      /^services\/ledger\/witness\/command\.ts$/,
      // What is about the data folder of one machine, and of no service.
      /^shared\/embedded\/backup\/(backup|restore)\.ts$/,
      /^services\/[a-z-]+\/commands\.ts$/,
      /^services\/ledger\/portable\//,
    ],
  },
  {
    // What runs in the images, beside the services.
    in: /^infra\/(secrets-sidecar\.ts|bus\/)/,
    may: [
      /^(node:|zod$)/,
      /^@aws-sdk\/client-secrets-manager$/,
      /^(contracts|shared)\//,
      /^infra\//,
    ],
  },
  {
    in: /^infra\//,
    may: [
      /^node:/,
      /^(aws-cdk-lib|constructs|cdk-nag)/,
      /^contracts\/(limits|alarms)\.ts$/,
      /^infra\//,
    ],
  },
  { in: /^test\//, may: [/./] },
];

function adapterMay(...others: readonly RegExp[]): readonly RegExp[] {
  return [
    /^node:/,
    /^zod$/,
    /^contracts\//,
    /^shared\/ports\//,
    /^shared\/problem\.ts$/,
    /^shared\/(embedded|nats|aws)\//,
    ...others,
  ];
}

function serviceMay(name: string, ...libraries: readonly RegExp[]): readonly RegExp[] {
  return [
    /^node:/,
    /^zod$/,
    /^contracts\//,
    /^shared\/[a-z-]+\.ts$/,
    /^shared\/ports\//,
    new RegExp(`^services/${name}/`),
    ...libraries,
  ];
}

/** Modules that a file imports, own ones as paths from the root. */
function importsOf(file: string): string[] {
  const found = (text.get(file) ?? '').matchAll(
    /^(?:import|export)\s[^;'"=]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
  );
  return [...found].map(([, from, bare]) => {
    const specifier = from ?? bare ?? '';
    if (specifier.startsWith('#')) return specifier.slice(1);
    if (!specifier.startsWith('.')) return specifier;
    return new URL(specifier, `file:///${file}`).pathname.slice(1);
  });
}

describe('the tree', () => {
  test('imports go only where the architecture lets them', () => {
    const offences = sources.flatMap((file) => {
      const rule = importRules.find((each) => each.in.test(file));
      if (rule === undefined) return [{ file, what: 'no import rule covers this folder' }];
      return importsOf(file)
        .filter((specifier) => !rule.may.some((pattern) => pattern.test(specifier)))
        .map((specifier) => ({ file, what: `imports ${specifier}` }));
    });
    expectNone(
      offences,
      'Services name ports, not technologies, and never each other; contracts depend on nothing.',
    );
  });

  test('files stay short enough to read in one sitting', () => {
    const offences = sources
      .map((file) => ({ file, lines: (text.get(file) ?? '').split('\n').length - 1 }))
      .filter(({ lines }) => lines > FILE_LINES_MAX)
      .map(({ file, lines }) => ({ file, what: `${lines} lines, at most ${FILE_LINES_MAX}` }));
    expectNone(offences, 'A file that does not fit in the head has two jobs: cut it.');
  });

  test('names are kebab-case', () => {
    const offences = sources
      .filter(
        (file) =>
          !/^[a-z0-9]+(-[a-z0-9]+)*(\.(slow\.)?test|\.config|\.slow\.config)?\.ts$/.test(
            basename(file),
          ),
      )
      .map((file) => ({ file, what: 'is not kebab-case' }));
    expectNone(offences, 'One spelling for names, on file systems with and without case.');
  });

  test('the environment is read once, where a process starts', () => {
    const offences = sources
      .filter((file) => /process\.env\b/.test(text.get(file) ?? ''))
      .filter(
        (file) => !/^(services\/([a-z-]+\/main|all)\.ts|infra\/bus\/start\.ts|test\/)/.test(file),
      )
      .map((file) => ({ file, what: 'reads process.env' }));
    expectNone(offences, 'Settings come checked from readConfig, as arguments.');
  });

  test('every folder of code says what it is for', () => {
    const folders = new Set(sources.map(dirname).filter((folder) => !folder.includes('golden')));
    const offences = [...folders]
      .filter((folder) => folder !== '.' && !existsSync(`${folder}/README.md`))
      .map((file) => ({ file, what: 'has no README.md' }));
    expectNone(offences, 'A newcomer learns from the folder itself what it is and may touch.');
  });

  test('adapter folders hold the names of the ports', () => {
    const ports = new Set(files.filter(isIn('shared/ports')).map((file) => basename(file)));
    const offences = files
      .filter((file) => /^shared\/(embedded|nats|aws)\/[^/]+\.ts$/.test(file))
      .filter((file) => !ports.has(basename(file)))
      // Parts of an adapter carry its name in front: `blobs-door.ts`.
      .filter(
        (file) => ![...ports].some((port) => basename(file).startsWith(`${port.slice(0, -3)}-`)),
      )
      .map((file) => ({ file, what: 'is named after no port' }));
    expectNone(offences, 'Looking at the folders side by side is reading the architecture.');
  });

  test('the top level holds what its owner named', () => {
    const allowed = new Set([
      '.ci',
      '.github',
      '.gitignore',
      '.npmrc',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'biome.json',
      'contracts',
      'infra',
      'package-lock.json',
      'package.json',
      'services',
      'shared',
      'test',
      'tsconfig.json',
      'compose.yaml',
    ]);
    const tops = new Set(files.map((file) => file.split('/')[0] ?? ''));
    const offences = [...tops]
      .filter((top) => !allowed.has(top))
      .map((file) => ({ file, what: 'is new at the top level' }));
    expectNone(offences, 'The top level is the table of contents.');
  });

  test('no test is left out or alone', () => {
    const offences = sources
      .filter((file) => file !== 'test/tidy.test.ts')
      .filter((file) => /\b(test|it|describe)\.(only|skip|todo)\(/.test(text.get(file) ?? ''))
      .map((file) => ({ file, what: 'has .only, .skip or .todo' }));
    expectNone(offences, 'A test that does not run proves nothing. A missing engine uses skipIf.');
  });

  test('dependencies are exact and each has its reason in the README', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
    const readme = readFileSync('README.md', 'utf8');
    const named = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    };
    const offences = Object.entries<string>(named).flatMap(([name, version]) => [
      ...(/^\d+\.\d+\.\d+$/.test(version) ? [] : [{ file: name, what: `version ${version}` }]),
      ...(readme.includes(`\`${name}\``) ? [] : [{ file: name, what: 'not in the README' }]),
    ]);
    expectNone(offences, 'What we depend on is a decision with a reason, and the same everywhere.');
  });

  test('nothing but text, data and samples is kept', () => {
    const kinds = new Set([
      '.ts',
      '.dockerignore',
      '.md',
      '.json',
      '.yaml',
      '.yml',
      '.eml',
      '.html',
      '.txt',
      '',
    ]);
    const offences = files
      .filter(
        (file) => !kinds.has(extname(file)) && !/^(test\/.*\/(golden|vectors)\/|\.)/.test(file),
      )
      // A stranger's verifier is in a stranger's language.
      .filter((file) => !/^test\/ledger\/third-party\/([a-z-]+\.go|go\.(mod|sum))$/.test(file))
      .map((file) => ({ file, what: 'is of a kind that cannot be reviewed' }));
    expectNone(offences, 'What cannot be read cannot be trusted.');
  });
});

function isIn(folder: string): (file: string) => boolean {
  return (file) => dirname(file) === folder && file.endsWith('.ts');
}
