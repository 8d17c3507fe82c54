import { test } from 'node:test';
import { explore, settled } from './explore.js';
import { World } from './world.js';

const depth = Number(process.env.EXPLORE_DEPTH ?? 4);
test('explores', () => {
  for (const start of [settled(), World.begin()]) {
    const t = process.cpuUsage();
    const found = explore([start], depth, () => true, 8);
    const used = process.cpuUsage(t);
    console.log(found, (used.user + used.system) / 1e6);
  }
});
