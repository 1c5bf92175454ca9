import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
  readonly integrity?: string;
}

describe('a release', () => {
  test('lists every package that ships, with its version and hash', () => {
    const { bomFormat, components } = JSON.parse(
      execFileSync('npm', ['run', '--silent', 'sbom'], { encoding: 'utf8', maxBuffer: 64e6 }),
    ) as { bomFormat: string; components: readonly Component[] };
    expect(bomFormat).toBe('CycloneDX');
    const listed = new Map(
      components.map(({ name, version, hashes }) => [`${name}@${version}`, hashes?.[0]]),
    );
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Readonly<Record<string, Locked>>;
    };
    const shipped = Object.entries(packages)
      .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
      .map(([path, locked]) => [path.split('node_modules/').at(-1) ?? '', locked] as const);
    expect(shipped.length).toBeGreaterThan(100);
    const bundled = new Set(
      Object.entries(packages)
        .filter(([, { inBundle }]) => inBundle === true)
        .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`),
    );
    for (const [name, { version, integrity }] of shipped) {
      const id = `${name}@${version}`;
      expect([...listed.keys()], id).toContain(id);
      // Of two copies one is listed, and the one that is bundled into another package has no hash.
      if (bundled.has(id)) continue;
      const content = Buffer.from(integrity?.split('-')[1] ?? '', 'base64').toString('hex');
      expect(listed.get(id), id).toEqual({ alg: 'SHA-512', content });
    }
  });

  test('runs actions by the commit that they are, whose tag stands beside it', () => {
    const workflow = readFileSync('.github/workflows/release.yml', 'utf8');
    const used = workflow.split('\n').filter((line) => line.includes('uses:'));
    expect(used.length).toBeGreaterThan(5);
    for (const line of used) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('signs by digest what it built, and verifies the signature by who made it', () => {
    const workflow = readFileSync('.github/workflows/release.yml', 'utf8');
    const steps = [
      'run: bash .ci/run',
      'npm run --silent sbom',
      'docker/build-push-action',
      'cosign sign --yes "$IMAGE@$DIGEST"',
      'cosign verify "$IMAGE@$DIGEST" --certificate-identity "$IDENTITY"',
      'actions/attest-build-provenance',
    ].map((step) => workflow.indexOf(step));
    expect(steps).toEqual(steps.toSorted((one, other) => one - other));
    expect(Math.min(...steps)).toBeGreaterThan(0);
  });
});
