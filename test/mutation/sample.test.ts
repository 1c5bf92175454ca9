import { beforeAll, describe, expect, test } from 'vitest';
import { answered, isSmall, walked } from './sample.ts';

const three = walked(3);

describe('the sample', () => {
  let answer: string;
  beforeAll(async () => {
    answer = await answered('it is');
  });

  test('walks', () => {
    expect(three).toBe(3);
  });

  // The limit itself is not looked at: a gap, which the command finds.
  test.each([
    [7, true],
    [700, false],
  ])('says whether %i is small', (value, expected) => {
    expect(isSmall(value)).toBe(expected);
  });

  test('answers', () => {
    expect(answer).toBe('yes, it is');
  });
});
