import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { unavailable } from './sdk/failures.ts';
import { openPositions, type Positions } from './tables-positions.ts';

/** DynamoDB answers in milliseconds; a transaction of 100 items in some tens of them. */
const ANSWER_MS_MAX = 2_000;

/** Capacity that calls have used, as DynamoDB counts and bills it. */
export interface ConsumedUnits {
  readonly read: number;
  readonly write: number;
}

/** What the parts of the adapter share. */
export interface Store {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly positions: Positions;
  readonly clock: () => number;
  readonly consumed: (units: ConsumedUnits) => void;
}

export function openStore(settings: {
  readonly aws: AwsSettings;
  readonly table: string;
  readonly clock: () => number;
  readonly consumed?: (units: ConsumedUnits) => void;
}): Store {
  const { aws, table, clock, consumed = () => undefined } = settings;
  // Repeating is decided here, where it is known what a repeat would do.
  const client = new DynamoDBClient(clientConfig(aws, { tries: 1, answerMsMax: ANSWER_MS_MAX }));
  return { client, table, positions: openPositions(clock), clock, consumed };
}

/** What is under way is waited for at the end; from then on everything is refused. */
export function openDoor() {
  const inside = new Set<Promise<unknown>>();
  let closed = false;
  return {
    async enter<Result>(work: () => Promise<Result>): Promise<Result> {
      if (closed) throw unavailable('The store is closed.');
      const running = work();
      inside.add(running);
      try {
        return await running;
      } finally {
        inside.delete(running);
      }
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.allSettled(inside);
    },
  };
}
