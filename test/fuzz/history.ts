/** The store of history, one of its files or values spoilt: it is opened or put aside, in use again in any case, and never ends the node. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { entryView } from '../../src/rest/event-views.js';
import { Kept, TestClock } from '../unit/history/support.js';
import type { Mutator } from './mutate.js';

const DAY = 86_400_000;
const JOURNAL = 'history.journal';

export class HistoryFuzz {
  readonly #kept: string;
  readonly #dir: string;

  constructor(place: string) {
    this.#kept = join(place, 'kept-history');
    this.#dir = join(place, 'spoilt-history');
  }

  /** As a node has left it: some tables, what is not in one yet, and something of every kind. */
  async prepare(): Promise<void> {
    mkdirSync(this.#kept, { recursive: true });
    let journal = '';
    for (let run = 0; run < 2; run++) {
      const node = await Kept.open(this.#kept, new TestClock());
      use(node);
      for (let event = 0; event < 200; event++) node.event('rack1/web', { reason: `number ${event}` });
      journal = readFileSync(join(this.#kept, JOURNAL), 'utf8');
      await node.close();
      await this.#level(this.#kept, level => level.compactRange('a', run === 0 ? 'z' : 'b'));
    }
    // As a killed node leaves it: some that the store has, and some that it has not.
    const lines = journal.split('\n').filter(Boolean);
    const later = lines.map(line =>
      JSON.stringify({ ...JSON.parse(line), id: JSON.parse(line).id + DAY * 1000 }),
    );
    writeFileSync(join(this.#kept, JOURNAL), [...lines.slice(-5), ...later.slice(-5)].join('\n'));
  }

  async run(mutator: Mutator): Promise<void> {
    rmSync(this.#dir, { recursive: true, force: true });
    cpSync(this.#kept, this.#dir, { recursive: true });
    const spoilt = mutator.chance(0.5) ? this.#spoilFile(mutator) : await this.#spoilValue(mutator);
    const node = await Kept.open(this.#dir, new TestClock(), { maxBytes: 2 ** 20, maxAgeMs: DAY });
    const wrong = (what: string): never => {
      throw new Error(`${what} after ${spoilt}: ${node.troubles.join('; ')}`);
    };
    try {
      use(node);
      await everythingOf(node);
      // It may have been put aside by now: what is told from here on is kept.
      node.down('late');
      if (!(await node.all()).includes('late null>down')) wrong('what was told is not there');
      // All of it goes.
      node.pass(2 * DAY);
      node.event('rack1/web');
      await node.history.store.flushed();
      if (!node.history.store.ledger.isOnDisk) wrong('it is in memory only');
      if (node.troubles.some(told => !/^history-(corrupt|newer): /.test(told))) wrong('trouble');
    } finally {
      await node.close();
    }
  }

  #spoilFile(mutator: Mutator): string {
    const dir = join(this.#dir, 'history');
    const name = mutator.one([join('..', JOURNAL), ...readdirSync(dir).sort()]);
    const file = join(dir, name);
    writeFileSync(file, mutator.bytes([readFileSync(file)]));
    return name;
  }

  async #spoilValue(mutator: Mutator): Promise<string> {
    let spoilt = '';
    await this.#level(this.#dir, async level => {
      const all = await level.iterator().all();
      const [key, value] = mutator.one(all.filter(([, text]) => text !== ''));
      spoilt = key;
      await level.put(key, mutator.bytes([Buffer.from(value)]).toString());
    });
    return spoilt;
  }

  async #level(place: string, work: (level: ClassicLevel) => Promise<unknown>): Promise<void> {
    const level = new ClassicLevel(join(place, 'history'));
    await level.open();
    try {
      await work(level);
    } finally {
      await level.close();
    }
  }
}

/** Something of every kind. */
function use(node: Kept): void {
  node.relay('rack1');
  node.state('rack1/web', { maintenance: { since: node.clock.now(), until: null, by: 'ops' } });
  node.down('rack1/api');
  node.lost('rack1');
  node.pass(1000);
  node.relay('rack1', { reason: 'heard again' });
  node.state('rack1/web');
  node.forget('rack1/old');
  node.lost('rack1');
}

/** All that REST can ask for. */
async function everythingOf(node: Kept): Promise<void> {
  const { history } = node;
  const filter = { home: '' };
  const { entries } = await history.page({ filter, order: 'newest', limit: 10_000, cursor: null });
  for (const entry of entries) JSON.stringify(entryView(entry));
  await history.incidents(filter, 1000);
  const window = { from: node.clock.now() - DAY, to: node.clock.now() };
  await history.availability(history.leaves(null), window);
}
