import { type Stack, Validations } from 'aws-cdk-lib';
import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';

/** A rule that is not followed here, and why. Every one of them is listed in the golden summary. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** The finding for an action that is of no resource. */
export const ANY_RESOURCE = 'AwsSolutions-IAM5[Resource::*]';

export function acknowledgeTask(definition: FargateTaskDefinition): void {
  acknowledge(
    definition,
    'AwsSolutions-ECS2',
    'Only names, addresses and references of secrets stand in the environment.',
  );
  acknowledge(
    definition.obtainExecutionRole(),
    ANY_RESOURCE,
    'The token for pulling images is of no resource.',
  );
}

/** What holds for every role of a stack. */
export function acknowledgePolicies(stack: Stack): void {
  acknowledge(
    stack,
    'NIST.800.53.R5-IAMNoInlinePolicy',
    'What a role may do is said with the role and used by no other: a shared policy would tie services together.',
  );
}
