import type { Blobs } from '#shared/ports/blobs.ts';
import { openService, openTools, type Service, type ServiceParts } from '#shared/service.ts';
import { openAccess } from './access.ts';
import { expungementHandling, reachHandling } from './expungements.ts';
import { fileHandlings } from './files.ts';
import { openSweep } from './sweep.ts';

/** Keeps files of records, and sweeps what was announced and never came. */
export async function openFiles(parts: ServiceParts & { readonly blobs: Blobs }): Promise<Service> {
  const tools = await openTools(parts);
  const access = openAccess(tools, parts.log);
  const service = await openService(parts, tools, [
    ...fileHandlings({ ...parts, access }),
    expungementHandling(parts),
    reachHandling(),
  ]);
  const sweep = openSweep({ ...parts, ...tools });
  return {
    ...service,
    async [Symbol.asyncDispose]() {
      await sweep[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}
