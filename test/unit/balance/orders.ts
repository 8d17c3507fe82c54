import type { StandingOrder } from '../../../src/balance/standing-order.js';

export const standingOrder = (more: Partial<StandingOrder> = {}): StandingOrder => ({
  app: 'web',
  count: 2,
  strategy: 'least-loaded',
  lostAfter: 30,
  surplus: 'original',
  by: 'ops',
  since: 1,
  replacements: [],
  ...more,
});
