import { describe, expect, test } from 'vitest';
import type { ServiceName } from '#contracts/caller.ts';
import { jobCaller } from '#shared/client.ts';
import { openContextSigner, openContextVerifier } from '#shared/context.ts';
import { openTestHost, person } from '#test/support/host.ts';

const tenant = '019a0000-0000-7000-8000-000000000001';
const otherTenant = '019a0000-0000-7000-8000-000000000002';
const officer = person({ tenant, roles: ['officer'] });

async function setting() {
  const host = await openTestHost();
  const { vault } = host.host;
  const signerOf = (issuer: ServiceName) => openContextSigner(vault, issuer, host.clock);
  const verifier = openContextVerifier(vault, host.clock);
  return { host, vault, signerOf, verifier };
}

function forge(token: string, change: (claims: Record<string, unknown>) => void): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  change(claims);
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

describe('caller context', () => {
  test('what the gateway signs is what its audience sees', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const token = await signerOf('gateway').sign({ caller: officer, audience: 'core-records' });
    expect(await verifier.verify(token, 'core-records')).toEqual(officer);
  });

  test('another audience refuses it', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const token = await signerOf('gateway').sign({ caller: officer, audience: 'core-records' });
    await expect(verifier.verify(token, 'ledger')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('it is refused when its time is over, and when it comes from the future', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const token = await signerOf('gateway').sign({ caller: officer, audience: 'files' });
    host.advance(36_000);
    await expect(verifier.verify(token, 'files')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const later = await signerOf('gateway').sign({ caller: officer, audience: 'files' });
    host.advance(-36_000);
    await expect(verifier.verify(later, 'files')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('a forged tenant, role, issuer or key id is refused', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const token = await signerOf('gateway').sign({ caller: officer, audience: 'files' });
    const forgeries = [
      forge(token, (claims) => Object.assign(claims.caller as object, { tenant: otherTenant })),
      forge(token, (claims) => Object.assign(claims.caller as object, { roles: ['admin'] })),
      forge(token, (claims) => Object.assign(claims, { iss: 'files' })),
      `${token.slice(0, -3)}AAA`,
      token.replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')),
      'x.y.z',
      '',
    ];
    for (const forgery of forgeries) {
      const refused = verifier.verify(forgery, 'files');
      await expect(refused).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('a service speaks as its own job and as nobody else', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const signer = signerOf('cad-ingest');
    const itself = jobCaller('cad-ingest', { tenant });
    const own = await signer.sign({ caller: itself, audience: 'core-records' });
    expect((await verifier.verify(own, 'core-records')).roles).toEqual(['job:cad-ingest']);
    const claims = [
      officer,
      jobCaller('files', { tenant }),
      { ...itself, roles: ['admin' as const] },
      { ...itself, roles: ['job:cad-ingest' as const, 'admin' as const] },
    ];
    for (const caller of claims) {
      const token = await signer.sign({ caller, audience: 'core-records' });
      const refused = verifier.verify(token, 'core-records');
      await expect(refused).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('a service acts for a person only with the context that it was called with', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const caller = jobCaller('files', { tenant });
    const proof = await signerOf('gateway').sign({ caller: officer, audience: 'files' });
    const token = await signerOf('files').sign({ caller, audience: 'core-records', proof });
    const seen = await verifier.verify(token, 'core-records');
    expect(seen.actingFor).toEqual(officer);
    expect(seen.subject.id).toBe('files');

    const meantForAnother = await signerOf('gateway').sign({ caller: officer, audience: 'ledger' });
    const elsewhere = jobCaller('files', { tenant: otherTenant });
    const attempts = [
      { caller, proof: meantForAnother },
      { caller: elsewhere, proof },
      { caller, proof: token },
      { caller, proof: 'made.up.proof' },
    ];
    for (const attempt of attempts) {
      const bad = await signerOf('files').sign({ ...attempt, audience: 'core-records' });
      const refused = verifier.verify(bad, 'core-records');
      await expect(refused).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('a rotated key signs at once, and the old one stays good for what it signed', async () => {
    const { host, vault, signerOf, verifier } = await setting();
    await using _ = host;
    const signer = signerOf('gateway');
    const before = await signer.sign({ caller: officer, audience: 'files' });
    await verifier.verify(before, 'files');
    await vault.rotate('context/gateway');
    const after = await signer.sign({ caller: officer, audience: 'files' });
    host.advance(3_000);
    expect(await verifier.verify(after, 'files')).toEqual(officer);
    expect(await verifier.verify(before, 'files')).toEqual(officer);
  });

  test('the first callers of a service that has just started are all known', async () => {
    const { host, signerOf, verifier } = await setting();
    await using _ = host;
    const token = await signerOf('gateway').sign({ caller: officer, audience: 'files' });
    const seen = Array.from({ length: 8 }, () => verifier.verify(token, 'files'));
    expect(await Promise.all(seen)).toEqual(Array.from({ length: 8 }, () => officer));
  });
});
