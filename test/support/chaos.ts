/** A tree of real processes that is struck at random, what was done and seen written down. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { breachesOf, type Entry, type Op, type Quiet, wantedBy } from './history.js';
import { leafSettings, NodeProcess, startRelay, startRoot } from './nodes.js';
import type { NodeView } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { lives } from './targets.js';
import { until } from './wait.js';

/** A twin can't make the directory that the first holds, and says so; one that finds the holder dead takes it over. */
const TARGET = `
if ! mkdir "$1.lock" 2>/dev/null; then
  read -r holder <"$1.lock/pid"
  while read -r key state rest; do [ "$key" = State: ] && break; done <"/proc/$holder/status"
  case $state in [ZX] | '') ;; *) echo "$$ found $holder" >>"$1.twins" ;; esac
fi 2>/dev/null
echo $$ >"$1.lock/pid"
exec sleep "$2"
`;
const TIMES = { hb_interval: 0.5, timeout: 3 };
const LEAF = {
  hb_interval: TIMES.hb_interval,
  backoff_min: 0.01,
  backoff_max: 0.05,
  start_seconds: 0,
  settle_time: 0.01,
  stop_grace: 2,
};

const COPY = /^(?:sleep|sh \S+target\.sh \S+) (37\d\d\d)$/;

/** Milliseconds until everything must be as it should, on a machine with other work to do. */
const QUIET_MS = 15_000;
/** Milliseconds for the end of a command, when all that could carry it is up again. */
const ANSWER_MS = 1000;

/** Milliseconds between two looks: every look takes time from what is looked at. */
const LOOK_MS = 30;

interface Member {
  readonly node: NodeProcess;
  readonly path: string;
  /** What its target sleeps, by which its copies are known. */
  readonly seconds: number;
  /** Lines of its log before its last start. */
  from: number;
}

export class Chaos {
  readonly history: Entry[] = [];
  readonly relays = new Map<string, Member>();
  readonly leaves = new Map<string, Member>();
  private orders = 0;

  private constructor(
    private readonly box: Sandbox,
    private readonly root: NodeProcess,
    private readonly random: () => number,
  ) {}

  static async grow(box: Sandbox, random: () => number, each: number): Promise<Chaos> {
    writeFileSync(box.path('target.sh'), TARGET);
    const chaos = new Chaos(box, await startRoot(box, TIMES), random);
    await Promise.all(['relay1', 'relay2'].map(name => chaos.addRelay(name, each)));
    chaos.history.push({ type: 'begin', leaves: [...chaos.leaves.keys()] });
    return chaos;
  }

  private async addRelay(name: string, each: number): Promise<void> {
    const node = await startRelay(this.box, this.root, { name, ...TIMES });
    this.relays.set(name, { node, path: name, seconds: 0, from: 0 });
    for (let n = 1; n <= each; n++) {
      const leaf = `${name}-${n}`;
      const seconds = 37_000 + this.leaves.size;
      const target = `sh ${this.box.path('target.sh')} ${this.box.path(leaf)} ${seconds}`;
      const settings = { data_dir: this.box.path(`data-${leaf}`), name: leaf, target, ...LEAF };
      const member = {
        node: new NodeProcess(this.box, leafSettings(node, settings)),
        path: `${name}/${leaf}`,
        seconds,
        from: 0,
      };
      this.leaves.set(leaf, member);
      member.node.launch();
    }
  }

  /** Strikes, restarts after a while, and orders an operator gives meanwhile; returns when all of it is done. */
  async round(): Promise<void> {
    const struck = new Set<Member>();
    const work = [this.strike(struck)];
    if (this.random() < 0.4) work.push(this.strike(struck));
    if (this.random() < 0.6) {
      const op = this.random() < 0.5 ? 'start' : 'stop';
      work.push(this.order(this.pick(this.leaves), op, this.random() * 200));
    }
    await Promise.all(work);
  }

  /** A relay, a leaf, a target, or a leaf or relay with a target at once. */
  private async strike(struck: Set<Member>): Promise<void> {
    // All that is random is drawn at once, so that the seed gives the same strikes whatever takes how long.
    const [what, before, meanwhile] = [this.random(), this.random() * 120, this.random() * 150];
    const [name, member] = this.pick(what < 0.25 ? this.relays : this.leaves);
    const target = member.seconds ? ([name, member] as const) : this.pick(this.leaves);
    await pause(before);
    if (struck.has(member)) return;
    struck.add(member);
    const crashed = what < 0.8 ? member.node.crash() : null;
    if (crashed) this.history.push({ type: 'kill', what: member.seconds ? 'leaf' : 'relay', name });
    if (what < 0.08 || what >= 0.65) this.killTarget(target);
    if (!crashed) return;
    await crashed;
    await pause(meanwhile);
    member.from = member.node.log.length;
    this.history.push({ type: 'launch', name });
    member.node.launch();
  }

  private killTarget([name, { seconds }]: readonly [string, Member]): void {
    try {
      const pid = Number(readFileSync(this.box.path(`${name}.lock`, 'pid'), 'utf8'));
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== `sleep\0${seconds}\0`) return;
      this.history.push({ type: 'kill', what: 'target', name });
      process.kill(pid, 'SIGKILL');
    } catch {
      // none lives
    }
  }

  /** Returns when it has ended, or when all are up and it still has not. */
  private async order([leaf, { path }]: readonly [string, Member], op: Op, after = 0): Promise<void> {
    await pause(after);
    this.orders += 1;
    const id = `order-${this.orders}`;
    this.history.push({ type: 'order', leaf, op });
    const { status } = await this.root.rest.command(path, op, { id }, 0);
    if (status >= 300) return void this.history.push({ type: 'ordered', leaf, op, outcome: 'not-sent' });
    const end = async () => {
      await pause(LOOK_MS);
      const { body } = await this.root.rest.get(`/api/v1/commands/${id}`);
      return body.done && (body.status as string);
    };
    await until(async () => (await end()) || this.allUp(), QUIET_MS);
    const status2 = await until(end, ANSWER_MS).catch(() => 'none');
    this.history.push({ type: 'ordered', leaf, op, outcome: status2 === 'succeeded' ? 'done' : 'unknown' });
  }

  /** Waits until everything is as it should be, and writes down what was seen last. */
  async settle(): Promise<void> {
    await until(() => this.allUp(), QUIET_MS).catch(() => {
      throw new Error(`not up within ${QUIET_MS} ms: ${this.missing()}`);
    });
    for (const [leaf, meant] of wantedBy(this.history)) {
      if (meant !== 'either') continue;
      await this.order([leaf, this.leaves.get(leaf) as Member], this.orders % 2 ? 'start' : 'stop');
    }
    const wanted = wantedBy(this.history);
    let last: Quiet | null = null;
    const look = async () => {
      await pause(LOOK_MS);
      last = await this.look();
      return last !== null && breachesOf(last, wanted).length === 0;
    };
    await until(look, QUIET_MS).catch(() => {});
    const twins = readdirSync(this.box.dir).filter(name => name.endsWith('.twins'));
    for (const name of twins) this.history.push({ type: 'twin', leaf: basename(name, '.twins') });
    this.history.push(last ?? { type: 'quiet', leaves: {}, relays: {} });
  }

  private allUp(): boolean {
    return this.members().every(isUp);
  }
  private missing(): string {
    const missing = this.members().filter(member => !isUp(member));
    return missing.map(({ path, node }) => `${path}: ${node.output.slice(-500)}`).join('\n');
  }
  private members(): Member[] {
    return [...this.relays.values(), ...this.leaves.values()];
  }

  /** Null while the root has not heard every node as it is now. */
  private async look(): Promise<Quiet | null> {
    const nodes = new Map((await this.root.rest.nodes('?limit=100')).map(node => [node.path, node]));
    const current = ({ node, path }: Member): boolean => nodes.get(path)?.epoch === epochOf(node.dataDir);
    if (!this.members().every(current)) return null;
    const copies = this.copies();
    const seen = [...this.leaves].map(([name, { path, seconds }]) => {
      const { status, pid } = nodes.get(path) as NodeView;
      return [name, { live: copies.get(seconds) ?? [], status, pid }];
    });
    const relays = [...this.relays].map(([name, { path }]) => [name, nodes.get(path)?.status]);
    return { type: 'quiet', leaves: Object.fromEntries(seen), relays: Object.fromEntries(relays) };
  }

  /** Living targets by what they sleep, those that do not sleep yet included. */
  private copies(): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const { pid, command } of this.box.processes(COPY)) {
      const seconds = Number(COPY.exec(command)?.[1]);
      if (lives(pid)) found.set(seconds, [...(found.get(seconds) ?? []), pid]);
    }
    return found;
  }

  private pick(from: ReadonlyMap<string, Member>): [string, Member] {
    const sorted = [...from].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted[Math.floor(this.random() * sorted.length)] as [string, Member];
  }
}

const epochOf = (dataDir: string): number =>
  (JSON.parse(readFileSync(`${dataDir}/installation.json`, 'utf8')) as { epoch: number }).epoch;

const isUp = ({ node, from }: Member): boolean =>
  node.isRunning && node.log.slice(from).some(({ msg }) => msg === 'up');
