/** Faults by a seed: killed, frozen, cut off, on a full disk, with a clock that jumps; commands go on meanwhile. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fillBeside } from '../full-disk.js';
import type { Fault } from './model.js';
import type { Outcome } from './record.js';
import { type NetTree, PARENTS } from './tree.js';

export interface Places {
  /** Small file systems that hold the data of some nodes. */
  readonly disks: ReadonlyMap<string, string>;
  /** Files that say how far the clocks of some nodes are off. */
  readonly clocks: ReadonlyMap<string, string>;
}

interface Strike {
  readonly text: string;
  /** Ms that it lasts. */
  readonly ms: number;
  begin(): Promise<Fault[]>;
  end(): Promise<void>;
}

const COMMANDED = ['a2', 'a3', 'b2', 'b3'];
/** Restarted by their relays again and again, cut off or not: each time is three events that must reach the root. */
const RESTLESS = ['a1', 'b1'];
const KINDS = ['kill', 'kill', 'freeze', 'freeze', 'cut', 'cut', 'kill in a cut', 'disk', 'clock'] as const;
/** Refusals before anything was done. */
const NOT_DONE = new Set(['rejected', 'expired']);

export class Schedule {
  readonly done: string[] = [];
  readonly outcomes = new Map<string, Outcome[]>();
  private commanding = true;
  private readonly commanded: Promise<unknown>;
  private sent = 0;

  constructor(
    private readonly tree: NetTree,
    private readonly random: () => number,
    private readonly places: Places,
  ) {
    this.commanded = Promise.all([this.command(), ...RESTLESS.map(leaf => this.agitate(leaf))]);
  }

  /** One fault from its beginning to its end. */
  async round(): Promise<void> {
    const strike = this.draw();
    this.done.push(`${strike.text}, ${Math.round(strike.ms)} ms`);
    const faults = await strike.begin();
    await pause(strike.ms);
    // From now on something may come through.
    this.tree.end(faults);
    await strike.end();
  }

  /** No more commands; resolves when the last one has its answer. */
  async finish(): Promise<void> {
    this.commanding = false;
    await this.commanded;
  }

  private draw(): Strike {
    const kind = this.pick(KINDS.filter(it => it !== 'disk' || this.places.disks.size > 0));
    const ms = 200 + this.random() * 5000;
    const node = this.pick(['root', ...Object.keys(PARENTS)]);
    switch (kind) {
      case 'kill':
        return this.killing(node, ms);
      case 'freeze':
        return this.freezing(node, ms);
      case 'cut':
        return this.cutting(this.pick(Object.keys(PARENTS)), ms);
      case 'kill in a cut':
        return this.killingInCut(this.pick(['r1', 'r2']), ms);
      case 'disk':
        return this.filling(this.pick([...this.places.disks.keys()]), ms);
      case 'clock':
        return this.jumping(this.pick([...this.places.clocks.keys()]), ms);
    }
  }

  private killing(name: string, ms: number): Strike {
    return {
      text: `kill ${name}`,
      ms,
      begin: async () => {
        const faults = [this.tree.begin('node', name)];
        await this.tree.node(name).crash();
        return faults;
      },
      end: () => this.tree.node(name).up(),
    };
  }

  private freezing(name: string, ms: number): Strike {
    return {
      text: `freeze ${name}`,
      ms,
      begin: async () => {
        const faults = [this.tree.begin('node', name)];
        this.tree.node(name).signal('SIGSTOP');
        return faults;
      },
      end: async () => this.tree.node(name).signal('SIGCONT'),
    };
  }

  private cutting(name: string, ms: number): Strike {
    return {
      text: `cut ${name} off`,
      ms,
      begin: async () => {
        const faults = [this.tree.begin('line', name)];
        this.tree.net.cut(name, PARENTS[name] as string);
        return faults;
      },
      end: async () => this.tree.net.heal(),
    };
  }

  /** What it had acknowledged by then is on its disk. */
  private killingInCut(name: string, ms: number): Strike {
    const [cut, kill] = [this.cutting(name, 0), this.killing(name, 0)];
    return {
      text: `cut ${name} off, and kill it there`,
      ms,
      begin: async () => {
        const faults = await cut.begin();
        await pause(this.random() * 2000);
        return [...faults, ...(await kill.begin())];
      },
      end: async () => {
        await kill.end();
        await pause(this.random() * 1000);
        await cut.end();
      },
    };
  }

  private filling(name: string, ms: number): Strike {
    const dir = this.places.disks.get(name) as string;
    return {
      text: `fill the disk of ${name}`,
      ms,
      begin: async () => {
        fillBeside(dir);
        return [];
      },
      end: async () => rmSync(join(dir, 'filler'), { force: true }),
    };
  }

  private jumping(name: string, ms: number): Strike {
    const [file, by] = [this.places.clocks.get(name) as string, this.random() < 0.5 ? '-3600' : '+3600'];
    return {
      text: `set the clock of ${name} by ${by} s`,
      ms,
      begin: async () => {
        writeFileSync(file, by);
        return [];
      },
      end: async () => writeFileSync(file, '+0'),
    };
  }

  private async agitate(leaf: string): Promise<void> {
    while (this.commanding) {
      await this.tree.ask(PARENTS[leaf] as string, 'POST', '/api/v1/commands', { path: leaf, op: 'restart' });
      await pause(400);
    }
  }

  /** One after the other, to these leaves in turn: each is a signal that the target counts. */
  private async command(): Promise<void> {
    while (this.commanding) {
      const leaf = COMMANDED[this.sent % COMMANDED.length] as string;
      this.sent += 1;
      const outcome = await this.order(leaf, `fault-${this.sent}`);
      this.outcomes.set(leaf, [...(this.outcomes.get(leaf) ?? []), outcome]);
      await pause(50);
    }
  }

  private async order(leaf: string, id: string): Promise<Outcome> {
    const path = `${PARENTS[leaf]}/${leaf}`;
    const command = { path, op: 'signal', args: { signal: 'USR1' }, id, expiresAt: Date.now() + 2000 };
    const { status, body } = await this.tree.ask('root', 'POST', '/api/v1/commands?wait=10', command);
    if (status >= 400 || NOT_DONE.has(body.status)) return 'not';
    return status === 200 && body.status === 'succeeded' ? 'done' : 'unknown';
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T;
  }
}
