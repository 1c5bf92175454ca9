/**
 * Entries as ArcSight Common Event Format, version 0: seven header fields, then an extension of
 * `key=value` pairs. Custom strings carry what the format has no key for, each beside its label.
 */
import { hash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Actor } from '#contracts/audit-event.ts';
import type { Exported } from './exported.ts';

const DEVICE = { vendor: 'Watchdesk', product: 'Watchdesk', version: '1' } as const;
/** 0 to 10: what was done, and what was refused or failed. */
const severities = { success: 3, refused: 6, failure: 6 } as const;
/** The format's bound of a custom string. What is longer is left out, never cut. */
const CUSTOM_STRING_CHARS_MAX = 4_000;

type Field = readonly [key: string, value: string | number | undefined];

/** One line. */
export function cefLine({ entry, text, leafHash, checkpoint }: Exported): string {
  const { action, actor, object, outcome } = entry;
  const version = object.version === undefined ? '' : `/${object.version}`;
  const { vendor, product } = DEVICE;
  const header = [vendor, product, DEVICE.version, action, action, severities[outcome]];
  return cefText(header, [
    ['rt', Date.parse(entry.at)],
    ['externalId', entry.id],
    ['act', action],
    ['outcome', outcome],
    ['reason', entry.reason],
    ['suid', actor.id],
    ['suser', actor.name],
    ['spriv', actor.type],
    ['sproc', actor.via],
    ...addressFields(actor),
    ['requestClientApplication', actor.agent],
    ...labelled('cn1', 'sequence', entry.seq),
    ...labelled('cs1', 'leafHash', leafHash),
    ...labelled('cs2', 'checkpoint', checkpoint.note),
    ...labelled('cs3', 'tenant', entry.tenant),
    ...labelled('cs4', 'entry', text.length <= CUSTOM_STRING_CHARS_MAX ? text : undefined),
    ...labelled('cs5', 'entrySha256', hash('sha256', text)),
    ...labelled('cs6', 'object', `${object.type}/${object.id}${version}`),
    ...labelled('flexString1', 'requestId', entry.requestId),
    ...labelled('flexString2', 'session', actor.session),
    ...labelled('deviceCustomDate1', 'recordedAt', Date.parse(entry.recordedAt)),
  ]);
}

/** The line of seven header fields (the first is `CEF:0`) and the fields that have a value. */
export function cefText(header: readonly (string | number)[], fields: readonly Field[]): string {
  const there = fields.filter(([, value]) => value !== undefined && value !== '');
  const extension = there.map(([key, value]) => `${key}=${extensionValue(String(value))}`);
  return ['CEF:0', ...header.map((field) => headerField(String(field))), extension.join(' ')].join(
    '|',
  );
}

/** In the header a backslash and a pipe are escaped. It has no line breaks: they become spaces. */
function headerField(value: string): string {
  return value.replaceAll(/[\\|]/g, '\\$&').replaceAll(/[\r\n]+/g, ' ');
}

/** In the extension a backslash and an equals sign are escaped, line breaks are written as letters. */
function extensionValue(value: string): string {
  return value.replaceAll(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

function labelled(key: string, label: string, value: Field[1]): Field[] {
  return value === undefined
    ? []
    : [
        [`${key}Label`, label],
        [key, value],
      ];
}

/** `src` holds IPv4 only. */
function addressFields({ address }: Actor): Field[] {
  if (address === undefined) return [];
  if (isIPv4(address)) return [['src', address]];
  return isIPv6(address) ? labelled('c6a2', 'Source IPv6 Address', address) : [['shost', address]];
}
