/** Where each field of an incident comes from: which mail or person said it last. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { OutputOf } from '#contracts/operation.ts';
import {
  type Incident,
  type IncidentFields,
  incidentFields,
  type incidentProvenance,
} from '#contracts/records/incident.ts';
import { hearLog, inOrder, isMail, type LogEntry, type MailEntry } from './incident-log.ts';

type Provenance = OutputOf<typeof incidentProvenance>;
type Origin = NonNullable<Provenance['fields'][keyof IncidentFields]>;

export function provenanceOf({ id, version }: Incident, log: readonly LogEntry[]): Provenance {
  const origins: { [Key in keyof IncidentFields]?: Origin } = {};
  let before: IncidentFields = {};
  const { mails } = hearLog(log, undefined, (entry, fields) => {
    for (const key of incidentFields.keyof().options) {
      if (isDeepStrictEqual(fields[key], before[key])) continue;
      if (fields[key] === undefined) delete origins[key];
      else origins[key] = originOf(entry, key);
    }
    before = fields;
  });
  const all = inOrder(log).filter(isMail);
  return {
    id,
    version,
    mails: all.map((entry) => ({ ...mailOf(entry), counts: mails.includes(entry) })),
    fields: origins,
  };
}

function originOf(entry: LogEntry, key: keyof IncidentFields): Origin {
  if (entry.by === 'person') return { by: 'person', version: entry.version };
  const { profile, profileVersion, confidence, fieldConfidence } = entry.draft;
  return {
    by: 'mail',
    messageId: entry.message.id,
    profile,
    ...(profileVersion === undefined ? {} : { profileVersion }),
    confidence: fieldConfidence?.[key === 'agency' ? 'source' : key] ?? confidence,
  };
}

function mailOf({ draft, message }: MailEntry) {
  const { kind, profile, profileVersion, confidence } = draft;
  return {
    messageId: message.id,
    sourceId: message.sourceId,
    sha256: message.sha256,
    receivedAt: message.receivedAt,
    kind,
    profile,
    ...(profileVersion === undefined ? {} : { profileVersion }),
    confidence,
    raw: `/v1/cad/messages/${message.id}/raw`,
  };
}
