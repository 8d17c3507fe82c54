/** A network of its own for a test: a namespace for each machine, joined by a bridge; lines are cut by dropping packets. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Scope } from '../sandbox.js';

/** Which packets between two machines are dropped: all, or so many of a hundred. */
export interface Drop {
  readonly from: string;
  readonly to: string;
  readonly percent?: number;
}

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (...args: string[]): string => run('ip', ...args);
const HUB = 'hub';
let opened = 0;

/** Why there can be none here; false where there can. */
export function noNetwork(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux, and root for namespaces';
  try {
    const name = `cpy${process.pid}x`;
    ip('netns', 'add', name);
    try {
      run('ip', 'netns', 'exec', name, 'iptables', '-L', '-n');
    } finally {
      ip('netns', 'del', name);
    }
    return false;
  } catch (error) {
    return `no network namespaces with iptables here: ${(error as Error).message.slice(0, 200)}`;
  }
}

export class Network {
  private readonly prefix = `cpy${process.pid}n${++opened}`;
  private readonly made: string[] = [];
  private readonly addresses = new Map<string, string>();

  constructor(scope: Scope, names: readonly string[]) {
    scope.after(async () => this.close());
    this.addNamespace(HUB);
    this.inside(HUB, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    this.inside(HUB, 'ip', 'link', 'set', 'br0', 'up');
    for (const [nth, name] of names.entries()) this.addMachine(name, `10.99.0.${nth + 1}`);
  }

  /** Words before a command that is to run on this machine. */
  on(name: string): string[] {
    return ['ip', 'netns', 'exec', this.namespace(name)];
  }

  address(name: string): string {
    return this.addresses.get(name) as string;
  }

  /** What names mean on this machine, from now on. */
  hosts(name: string, entries: Readonly<Record<string, string>>): void {
    const lines = Object.entries({ localhost: '127.0.0.1', ...entries }).map(([host, at]) => `${at} ${host}`);
    const folder = `/etc/netns/${this.namespace(name)}`;
    mkdirSync(folder, { recursive: true });
    // In its place: the machine has this very file mounted.
    writeFileSync(`${folder}/hosts`, `${lines.join('\n')}\n`);
  }

  /** Packets are dropped where they arrive. */
  drop({ from, to, percent = 100 }: Drop): void {
    const share = ['-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100)];
    this.inside(
      to,
      'iptables',
      ...['-A', 'INPUT', '-s', this.address(from)],
      ...(percent < 100 ? share : []),
      ...['-j', 'DROP'],
    );
  }

  cut(one: string, other: string, percent = 100): void {
    this.drop({ from: one, to: other, percent });
    this.drop({ from: other, to: one, percent });
  }

  /** All lines are whole again. */
  heal(): void {
    for (const name of this.addresses.keys()) this.inside(name, 'iptables', '-F', 'INPUT');
  }

  /** The machine has another address from now on, and not the old one any more. */
  move(name: string, address: string): void {
    // In this order: with the first address of a network go all that came after it.
    this.inside(name, 'ip', 'addr', 'del', `${this.address(name)}/24`, 'dev', 'eth0');
    this.inside(name, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    this.addresses.set(name, address);
  }

  private inside(name: string, ...command: string[]): string {
    return run('ip', 'netns', 'exec', this.namespace(name), ...command);
  }

  private namespace(name: string): string {
    return `${this.prefix}-${name}`;
  }

  private addNamespace(name: string): void {
    ip('netns', 'add', this.namespace(name));
    this.made.push(name);
    this.inside(name, 'ip', 'link', 'set', 'lo', 'up');
  }

  private addMachine(name: string, address: string): void {
    this.addNamespace(name);
    this.hosts(name, {});
    const port = `p-${name}`;
    const ends = ['eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.namespace(HUB)];
    this.inside(name, 'ip', 'link', 'add', ...ends);
    this.inside(HUB, 'ip', 'link', 'set', port, 'master', 'br0', 'up');
    this.inside(name, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    this.inside(name, 'ip', 'link', 'set', 'eth0', 'up');
    this.addresses.set(name, address);
  }

  private close(): void {
    for (const name of this.made) {
      ip('netns', 'del', this.namespace(name));
      rmSync(`/etc/netns/${this.namespace(name)}`, { recursive: true, force: true });
    }
  }
}
