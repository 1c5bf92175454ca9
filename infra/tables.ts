import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Keys } from './keys.ts';
import { SERVICES, type ServiceName } from './services.ts';

/** One table for each service that keeps rows; nobody else may open it. */
export type ServiceTables = Readonly<Record<ServiceName, TableV2>>;

/** Attributes of the keys, as `shared/aws/tables.ts` names them. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';

export function addTables(stack: Stack, name: string, keys: Keys): ServiceTables {
  const tableOf = (service: ServiceName, key: Key) =>
    new TableV2(stack, `Table-${service}`, {
      tableName: tableName(name, service),
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.customerManagedKey(key),
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: 35,
      },
      deletionProtection: true,
      contributorInsightsSpecification: { enabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
  const keyOf = (service: ServiceName) => {
    if (service === 'gateway') return keys.identity;
    return service === 'ledger' ? keys.ledger : keys.data;
  };
  const tables = SERVICES.map(({ name: service }) => [service, tableOf(service, keyOf(service))]);
  return Object.fromEntries(tables) as ServiceTables;
}

export function tableName(name: string, service: ServiceName): string {
  return `${name}-${service}`;
}
