/** What kind of thing an action is: the class of an exported event, a line of the weekly review. */

export const families = ['authentication', 'entity-management', 'datastore', 'api'] as const;
export type Family = (typeof families)[number];

/** Sign-ins and keys that were refused, by the first two words of the action. */
const authentication = new Set(['gateway.session']);
const keyRefused = 'gateway.api-key.refused';

/** Accounts, and what lets somebody in. */
const entities = new Set([
  'gateway.user',
  'gateway.invitation',
  'gateway.api-key',
  'gateway.tenant',
  'cad-ingest.source',
]);

/** Of the ledger itself, what is no work on its store. */
const operations = new Set(['operation', 'command']);

/** `service.resource.past-participle`. What nobody has named is an operation like any other. */
export function familyOf(action: string): Family {
  const [service = '', resource = ''] = action.split('.');
  const thing = `${service}.${resource}`;
  if (authentication.has(thing) || action === keyRefused) return 'authentication';
  if (entities.has(thing)) return 'entity-management';
  if (service === 'ledger' && !operations.has(resource)) return 'datastore';
  return 'api';
}

/** The last word of an action: what was done. */
export function verbOf(action: string): string {
  return action.slice(action.lastIndexOf('.') + 1);
}
