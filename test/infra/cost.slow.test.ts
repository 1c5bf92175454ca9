import { describe, expect, test } from 'vitest';
import { costOf, costSheet, readPrices } from '#infra/cost.ts';

const prices = readPrices();
const total = (departments: number, from = prices) =>
  costOf(departments, from).reduce((sum, { dollars }) => sum + dollars, 0);

describe('the cost sheet', () => {
  test('a department is cheaper the more there are', () => {
    const each = [1, 100, 10_000].map((departments) => total(departments) / departments);
    expect(each).toEqual(each.toSorted((one, other) => other - one));
  });

  test('every price counts: none is looked up and forgotten', () => {
    const unused = Object.keys(prices.prices).filter((name) => {
      const raised = { ...prices, prices: { ...prices.prices, [name]: 1_000 } };
      return total(100, raised) === total(100);
    });
    expect(unused).toEqual([]);
  });

  test('says the date of its prices', () => {
    expect(costSheet(100, prices)).toContain(`(prices of ${prices.asOf})`);
  });
});
