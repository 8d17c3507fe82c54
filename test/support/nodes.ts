/** Real Canopy processes, each started by `canopy run` from settings in its environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Rest } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { until } from './wait.js';

export const CLI = fileURLToPath(new URL('../../src/cli/canopy.cjs', import.meta.url));

/** Keys as in a tree file: `hb_interval`, `target`, … */
export type Settings = Record<string, string | number | boolean>;

export interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Short, so that what is relative to them is soon seen; the properties are the same as with 3 and 10 seconds. */
export const QUICK = { hb_interval: 0.3, timeout: 1.5 };

/** Milliseconds that a node may take to be up, on a machine with other work to do. */
const UP_MS = 15_000;

export class NodeProcess {
  /** Of the run at hand, and of those before it. */
  output = '';
  readonly log: LogLine[] = [];
  private child: ChildProcess | null = null;
  private exit: Promise<Exit> = Promise.resolve({ code: null, signal: null });
  private ended: Exit | null = null;

  constructor(
    private readonly box: Sandbox,
    readonly settings: Settings,
    /** Words before its command line, such as those of `ip netns exec`. */
    private readonly wrap: readonly string[] = [],
  ) {}

  static async start(box: Sandbox, settings: Settings): Promise<NodeProcess> {
    const node = new NodeProcess(box, { data_dir: box.path(String(settings.name)), ...settings });
    await node.up();
    return node;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }
  /** The port of its broker. */
  get port(): number {
    return Number(this.settings.port);
  }
  get rest(): Rest {
    return new Rest(`http://127.0.0.1:${this.settings.rest_port}`);
  }
  get dataDir(): string {
    return String(this.settings.data_dir);
  }

  /** Starts it, with the ports that it had before, and waits until it says that it is up. */
  async up(): Promise<void> {
    const from = this.log.length;
    this.launch();
    await until(
      () => {
        if (this.ended) throw new Error(`it ended with ${JSON.stringify(this.ended)}:\n${this.output}`);
        return this.log.slice(from).some(line => line.msg === 'up');
      },
      UP_MS,
      `${this.settings.name} is up`,
    );
    const { mqtt, rest } = this.log.findLast(line => line.msg === 'up') as unknown as UpLine;
    if (mqtt) this.settings.port = mqtt.port;
    if (rest) this.settings.rest_port = new URL(rest).port;
  }

  /** Starts it without waiting for more than its pid. */
  launch(): void {
    const variables = Object.entries(this.settings).map(([key, value]) => [
      `CANOPY_${key.toUpperCase()}`,
      String(value),
    ]);
    const env = this.box.env(Object.fromEntries(variables));
    const [command = '', ...words] = [...this.wrap, process.execPath, CLI, 'run'];
    const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.ended = null;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) this.log.push(JSON.parse(line) as LogLine);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.exit = new Promise(resolve => {
      child.once('close', (code, signal) => {
        this.ended = { code, signal };
        resolve(this.ended);
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** Ended at once, with no chance to say goodbye. */
  async crash(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
  }

  /** Asks it to end and waits for that. */
  async stop(deadlineMs = 10_000): Promise<Exit> {
    this.signal('SIGTERM');
    return this.end(deadlineMs);
  }

  async end(deadlineMs = 10_000): Promise<Exit> {
    return until(
      () => this.ended,
      deadlineMs,
      `${this.settings.name} has ended; ${this.output.slice(-2000)}`,
    );
  }

  get isRunning(): boolean {
    return this.ended === null;
  }

  count(msg: RegExp): number {
    return this.log.filter(line => msg.test(line.msg)).length;
  }

  /** Resident memory in bytes. */
  rss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }
}

interface UpLine {
  readonly mqtt?: { readonly port: number };
  readonly rest?: string;
}

export const startRoot = (box: Sandbox, settings: Settings = {}): Promise<NodeProcess> =>
  NodeProcess.start(box, { role: 'root', name: 'root', port: 0, rest_port: 0, ...QUICK, ...settings });

export const startRelay = (box: Sandbox, parent: NodeProcess, settings: Settings): Promise<NodeProcess> =>
  NodeProcess.start(box, { role: 'relay', parent_port: parent.port, port: 0, ...QUICK, ...settings });

export const leafSettings = (parent: { port: number }, settings: Settings): Settings => ({
  role: 'leaf',
  parent_port: parent.port,
  hb_interval: QUICK.hb_interval,
  ...settings,
});

export const startLeaf = (box: Sandbox, parent: { port: number }, settings: Settings): Promise<NodeProcess> =>
  NodeProcess.start(box, leafSettings(parent, settings));

export interface DeepTree {
  readonly root: NodeProcess;
  readonly rack1: NodeProcess;
  readonly rack2: NodeProcess;
  readonly rest: Rest;
  /** Starts a leaf below rack2, three brokers down, and waits until the root sees it `up` (or as asked). */
  leaf(settings: Settings, expected?: Record<string, unknown>): Promise<NodeProcess>;
}

/** root <- rack1 <- rack2, each a process of its own. */
export async function deepTree(box: Sandbox): Promise<DeepTree> {
  const root = await startRoot(box);
  const rack1 = await startRelay(box, root, { name: 'rack1' });
  const rack2 = await startRelay(box, rack1, { name: 'rack2' });
  const { rest } = root;
  await rest.expect('rack1/rack2', { status: 'up' });
  const leaf = async (settings: Settings, expected: Record<string, unknown> = { status: 'up' }) => {
    const node = await startLeaf(box, rack2, settings);
    await rest.expect(`rack1/rack2/${settings.name}`, expected);
    return node;
  };
  return { root, rack1, rack2, rest, leaf };
}
