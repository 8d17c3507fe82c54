/** A root, two relays and six leaves, each a process on a machine of its own, and somebody who watches at each broker. */
import { NodeProcess, type Settings } from '../nodes.js';
import type { Sandbox } from '../sandbox.js';
import { until } from '../wait.js';
import { breaches, type Fault, type Look } from './model.js';
import type { Network } from './network.js';
import { type Answer, Watcher } from './watched.js';

export const PARENTS: Readonly<Record<string, string>> = {
  r1: 'root',
  r2: 'root',
  ...{ a1: 'r1', a2: 'r1', a3: 'r1' },
  ...{ b1: 'r2', b2: 'r2', b3: 'r2' },
};
export const MACHINES = ['root', ...Object.keys(PARENTS)];
const BROKERS = ['root', 'r1', 'r2'];
/** Seconds. */
export const TIMES = { hb_interval: 0.5, timeout: 3 };
/** Milliseconds beyond the timeout: looks, a busy machine, the hop from a relay to the root. */
const SLACK_MS = 2000;
const HEALED_MS = 10_000;

/** Paths that an observer knows, with the status that is true while all is well. */
function pathsOf(observer: string): string[] {
  const below = Object.keys(PARENTS).filter(name => PARENTS[name] === observer);
  return below.flatMap(name => [name, ...pathsOf(name).map(path => `${name}/${path}`)]);
}

export class NetTree {
  readonly nodes = new Map<string, NodeProcess>();
  readonly faults: Fault[] = [];
  private readonly looks: Look[] = [];
  private judgedAt = 0;
  private readonly watchers = new Map<string, Watcher>();

  private constructor(
    private readonly box: Sandbox,
    readonly net: Network,
  ) {}

  /** `more`: settings of some nodes; `wrap`: words before the command line of some. */
  static async grow(
    box: Sandbox,
    net: Network,
    more: (name: string) => Settings = () => ({}),
    wrap: (name: string) => readonly string[] = () => [],
  ): Promise<NetTree> {
    const tree = new NetTree(box, net);
    for (const name of BROKERS) net.hosts(name, { 'root.test': net.address('root') });
    for (const name of MACHINES) {
      const settings = { ...tree.settings(name), ...more(name) };
      tree.nodes.set(name, new NodeProcess(box, settings, [...net.on(name), ...wrap(name)]));
    }
    await Promise.all(MACHINES.map(name => tree.node(name).up()));
    for (const name of BROKERS) tree.watch(name);
    await tree.truth(30_000);
    tree.judgedAt = Date.now();
    return tree;
  }

  node(name: string): NodeProcess {
    return this.nodes.get(name) as NodeProcess;
  }

  /** Notes a fault; ended by `end`. */
  begin(what: Fault['what'], name: string, partly = false): Fault {
    const fault = { what, name, from: Date.now(), to: Number.POSITIVE_INFINITY, partly };
    this.faults.push(fault);
    return fault;
  }

  /** All faults, or one, are over by now. */
  end(faults: readonly Fault[] = this.faults): void {
    for (const fault of faults) fault.to = Math.min(fault.to, Date.now());
  }

  /** Waits until every observer says that every node is up. */
  async truth(deadlineMs = HEALED_MS): Promise<void> {
    const isTrue = (observer: string, since: number): boolean => {
      const last = this.looks.findLast(look => look.observer === observer);
      return (
        last !== undefined && last.at > since && pathsOf(observer).every(path => last.seen[path] === 'up')
      );
    };
    const since = Date.now();
    await until(
      () => BROKERS.every(observer => isTrue(observer, since)),
      deadlineMs,
      () =>
        `all is up again: ${BROKERS.map(it => JSON.stringify(this.looks.findLast(look => look.observer === it)))}`,
    );
  }

  /** What was said since the last time that its observer could not hold. A connection may break of a fault after that is over. */
  judge(): string[] {
    const [from, now] = [this.judgedAt, Date.now()];
    this.judgedAt = now;
    const boundMs = TIMES.timeout * 1000 + SLACK_MS;
    const faults = this.faults.filter(({ to }) => to > from - 2 * HEALED_MS);
    this.faults.splice(0, this.faults.length, ...faults);
    const looks = this.looks.filter(look => look.at > from);
    return breaches({ parents: PARENTS, faults, boundMs, healedMs: HEALED_MS }, looks);
  }

  /** Asks the node with this name over its REST. */
  ask(observer: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return (this.watchers.get(observer) as Watcher).ask(method, path, body);
  }

  /** What an observer said of a path since then, each status once in a row. */
  said(observer: string, path: string, since: number): string[] {
    const all = this.looks.filter(look => look.observer === observer && look.at >= since);
    const statuses = all.map(look => look.seen[path] ?? 'not known');
    return statuses.filter((status, nth) => status !== statuses[nth - 1]);
  }

  private settings(name: string): Settings {
    const data_dir = this.box.path(name);
    if (name === 'root') return { role: 'root', name, data_dir, ...this.broker(), ...TIMES };
    const parent = PARENTS[name] as string;
    const parent_host = parent === 'root' ? 'root.test' : this.net.address(parent);
    const common = { name, data_dir, parent_host, parent_port: 1883, hb_interval: TIMES.hb_interval };
    if (!BROKERS.includes(name)) return { role: 'leaf', target: 'sleep 3600', ...common };
    return { role: 'relay', ...this.broker(), ...common, timeout: TIMES.timeout };
  }

  private broker(): Settings {
    return { host: '0.0.0.0', port: 1883, insecure: true, rest_host: '127.0.0.1', rest_port: 8004 };
  }

  private watch(observer: string): void {
    const watcher = new Watcher(this.net.on(observer), this.box.env(), 'http://127.0.0.1:8004');
    watcher.onLook = look => void this.looks.push({ observer, ...look });
    this.watchers.set(observer, watcher);
  }
}
