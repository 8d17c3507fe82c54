/** The command line as a person uses it: real processes, what they print and how they end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { CLI, type Exit, type LogLine } from './nodes.js';
import { Rest } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { freePort, until } from './wait.js';

export interface Outcome extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** A `canopy …` that runs in the directory of its test. */
export class Command {
  stdout = '';
  stderr = '';
  private readonly child: ChildProcess;
  private ended: Exit | null = null;

  /** `wrap`: words before those of Node, such as taskset and its own. */
  constructor(
    box: Sandbox,
    words: readonly string[],
    variables: Record<string, string> = {},
    wrap: readonly string[] = [],
  ) {
    const env = box.env(variables);
    const [program = '', ...rest] = [...wrap, process.execPath, CLI, ...words];
    this.child = spawn(program, rest, {
      env,
      cwd: box.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.once('close', (code, signal) => {
      this.ended = { code, signal };
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }
  get isRunning(): boolean {
    return this.ended === null;
  }
  /** The JSON lines of what it printed: its log where it hosts nodes, its answer with `--json`. */
  get log(): LogLine[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1).split('\n');
    return whole.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as LogLine);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async end(deadlineMs = 10_000): Promise<Outcome> {
    const how = await until(
      () => this.ended,
      deadlineMs,
      `canopy ends; it said ${this.stdout.slice(-2000)}${this.stderr.slice(-2000)}`,
    );
    return { ...how, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until what it printed matches. */
  async said(pattern: RegExp, deadlineMs = 15_000): Promise<RegExpExecArray> {
    return until(
      () => {
        const found = pattern.exec(this.stdout);
        if (!found && this.ended)
          throw new Error(`it ended (${this.ended.code}): ${this.stdout}${this.stderr}`);
        return found;
      },
      deadlineMs,
      `canopy says ${pattern}`,
    );
  }
}

/** Runs a command to its end. */
export const canopy = (
  box: Sandbox,
  words: readonly string[],
  variables: Record<string, string> = {},
  deadlineMs?: number,
): Promise<Outcome> => new Command(box, words, variables).end(deadlineMs);

export interface Ports {
  readonly root: number;
  readonly rest: number;
  readonly relay: number;
}

export interface HostedTree extends Command {
  readonly ports: Ports;
  readonly rest: Rest;
}

/** Writes a tree file on ports that were free a moment ago. */
export async function treeFile(box: Sandbox, name: string, yaml: (ports: Ports) => string): Promise<Ports> {
  const ports = await freePorts();
  writeFileSync(box.path(name), yaml(ports));
  return ports;
}

/** `canopy up` of a whole tree, when it has shown its picture. */
export async function hostTree(
  box: Sandbox,
  name: string,
  yaml: (ports: Ports) => string,
): Promise<HostedTree> {
  for (let attempt = 1; ; attempt++) {
    const ports = await treeFile(box, name, yaml);
    const command = new Command(box, ['up', name]);
    try {
      await command.said(/Ctrl-C stops/);
      return Object.assign(command, { ports, rest: new Rest(`http://127.0.0.1:${ports.rest}`) });
    } catch (error) {
      // Someone else may have taken a port in between.
      if (attempt === 3 || !/EADDRINUSE|already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function freePorts(): Promise<Ports> {
  const [root = 0, rest = 0, relay = 0] = await Promise.all([freePort(), freePort(), freePort()]);
  return { root, rest, relay };
}
