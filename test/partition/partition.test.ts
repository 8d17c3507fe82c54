/** Lines cut, lossy and one-way, relays frozen, killed and moved: what root and relays say, held against what they could know. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Network, noNetwork } from '../support/net/network.js';
import { MACHINES, NetTree, TIMES } from '../support/net/tree.js';
import { Sandbox } from '../support/sandbox.js';

/** Milliseconds that a fault lasts: longer than all timeouts and keepalives. */
const LONG_MS = TIMES.timeout * 2000 + 1000;

interface Scenario {
  readonly name: string;
  /** Breaks something, and notes what; returns what mends it. */
  readonly strike: (tree: NetTree) => (() => Promise<void> | void) | Promise<() => Promise<void> | void>;
  /** A path of which the root must have said this while it lasted. */
  readonly told: readonly [path: string, status: string][];
}

const cut = (tree: NetTree, ...relays: string[]) => {
  for (const relay of relays) {
    tree.begin('line', relay);
    tree.net.cut('root', relay);
  }
  return () => tree.net.heal();
};

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'the line between root and a relay is cut',
    strike: tree => cut(tree, 'r1'),
    told: [
      ['r1', 'down'],
      ['r1/a1', 'unreachable'],
    ],
  },
  {
    name: 'nothing comes from a relay to the root any more, all from the root to it',
    strike: tree => {
      tree.begin('line', 'r1');
      tree.net.drop({ from: 'r1', to: 'root' });
      return () => tree.net.heal();
    },
    told: [
      ['r1', 'down'],
      ['r1/a2', 'unreachable'],
    ],
  },
  {
    name: 'nothing comes from the root to a relay any more, all from it to the root',
    strike: tree => {
      tree.begin('line', 'r2', true);
      tree.net.drop({ from: 'root', to: 'r2' });
      return () => tree.net.heal();
    },
    told: [],
  },
  {
    name: 'thirty of a hundred packets are lost both ways',
    strike: tree => {
      for (const relay of ['r1', 'r2']) {
        tree.begin('line', relay, true);
        tree.net.cut('root', relay, 30);
      }
      return () => tree.net.heal();
    },
    told: [],
  },
  {
    name: 'a relay is frozen, and thawed',
    strike: tree => {
      tree.begin('node', 'r2');
      tree.node('r2').signal('SIGSTOP');
      return () => tree.node('r2').signal('SIGCONT');
    },
    told: [
      ['r2', 'down'],
      ['r2/b3', 'unreachable'],
    ],
  },
  {
    name: 'a relay is killed in the middle of a cut',
    strike: async tree => {
      const heal = cut(tree, 'r1');
      await pause(LONG_MS / 2);
      tree.begin('node', 'r1');
      await tree.node('r1').crash();
      return async () => {
        heal();
        await tree.node('r1').up();
      };
    },
    told: [
      ['r1', 'down'],
      ['r1/a3', 'unreachable'],
    ],
  },
  {
    name: 'both relays are cut off at once',
    strike: tree => cut(tree, 'r1', 'r2'),
    told: [
      ['r1', 'down'],
      ['r2', 'down'],
      ['r2/b1', 'unreachable'],
    ],
  },
  {
    name: 'a leaf is cut off from its relay',
    strike: tree => {
      tree.begin('line', 'a1');
      tree.net.cut('r1', 'a1');
      return () => tree.net.heal();
    },
    told: [
      ['r1', 'up'],
      ['r1/a1', 'down'],
      ['r1/a2', 'up'],
    ],
  },
  {
    name: 'the root moves to another address, and its name with it',
    strike: tree => {
      for (const relay of ['r1', 'r2']) tree.begin('line', relay);
      tree.net.move('root', '10.99.0.200');
      return () => {
        for (const relay of ['r1', 'r2']) tree.net.hosts(relay, { 'root.test': '10.99.0.200' });
      };
    },
    told: [['r1', 'down']],
  },
];

describe('partitions', { skip: noNetwork() }, () => {
  const net = new Network({ after }, MACHINES);
  const box = new Sandbox({ after });
  let tree: NetTree;

  before(async () => {
    tree = await NetTree.grow(box, net);
  });

  for (const { name, strike, told } of SCENARIOS)
    it(name, async () => {
      const from = Date.now();
      const mend = await strike(tree);
      await pause(LONG_MS);
      for (const [path, status] of told)
        assert.equal(
          tree.said('root', path, from).at(-1),
          status,
          `${path}: ${tree.said('root', path, from)}`,
        );
      // From now on something may come through.
      tree.end();
      await mend();
      await tree.truth();
      assert.deepEqual(tree.judge(), []);
    });
});
