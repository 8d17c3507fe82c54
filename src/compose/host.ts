/**
 * Hosts any number of nodes in one process: targets first, which need nobody else, then the brokers, parents before children;
 * and down in reverse.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LinkError } from '../../broker/link.js';
import { LocalParent } from '../../broker/local-parent.js';
import type { TreeNode } from '../config/tree-file.js';
import { allStarted, readyShim } from '../process/starters.js';
import type { Stopping } from './lifecycle.js';
import { CanopyNode } from './node.js';
import { StartOrder } from './order.js';

export interface HostPorts {
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
}

/** A leaf whose target comes first. */
interface Begun {
  /** Its target is about to be started, or has been taken over. */
  readonly prepared: Promise<void>;
  start(): Promise<void>;
}

/** Milliseconds that targets may take until they have begun, before the rest no longer waits for them. */
const TARGETS_MS = 1000;
/** Milliseconds before a leaf whose name was taken tries again. */
const NAME_RETRY_MS = 5000;

export class Host {
  readonly nodes = new Map<string, CanopyNode>();
  /** Of the nodes with a broker, by path. */
  private readonly places = new Map<string, LocalParent>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private stopping = false;
  private starting: Promise<void> = Promise.resolve();
  private order = new StartOrder(new Map());

  constructor(private readonly ports: HostPorts) {}

  /** Throws where a node with a broker can't start; a leaf that can't is logged, and the others live. */
  async start(tree: readonly TreeNode[]): Promise<void> {
    this.starting = this.bringUp(tree);
    try {
      await this.starting;
    } catch (error) {
      await this.stop('undo');
      throw error;
    }
  }

  private async bringUp(tree: readonly TreeNode[]): Promise<void> {
    const hosted = tree.filter(node => node.hosted);
    this.order = new StartOrder(new Map(hosted.map(({ path, needs }) => [path, needs])));
    const isLeaf = ({ settings }: TreeNode): boolean => settings.role === 'leaf';
    if (hosted.some(isLeaf)) readyShim();
    const places = hosted.filter(place => !isLeaf(place));
    for (const { path } of places) this.places.set(path, new LocalParent());
    const brokers = places.map(place => this.make(place));
    for (const node of brokers) if (!this.stopping) await node.prepare();
    const begun = await this.beginLeaves(hosted.filter(isLeaf));
    // What is loaded now would be in the way of targets that are about to begin.
    await allStarted(Promise.allSettled(begun.map(leaf => leaf.prepared)), TARGETS_MS);
    const leaves = begun.map(leaf => leaf.start());
    for (const node of brokers) if (!this.stopping) await node.start();
    await Promise.all(leaves);
  }

  /**
   * One target after the other, which other cores have to do with while the next one is begun; returns how the leaves are
   * started around them.
   */
  private async beginLeaves(places: readonly TreeNode[]): Promise<Begun[]> {
    const leaves: Begun[] = [];
    for (const place of places) {
      if (this.stopping) break;
      const node = this.make(place);
      const prepared = node.prepare();
      const start = () => prepared.then(() => node.start());
      leaves.push({ prepared, start: () => this.startLeaf(place, start()) });
      prepared.catch(() => {}); // told when it is started
      await turn();
    }
    return leaves;
  }

  async stop(how: Stopping = 'end'): Promise<void> {
    this.stopping = true;
    for (const timer of this.retries) clearTimeout(timer);
    await this.starting.catch(() => {});
    const gone = new LinkError('unreachable', 'the parent is not started');
    for (const place of this.places.values()) place.fail(gone);
    const started = [...this.nodes.values()].reverse();
    const isLeaf = (node: CanopyNode): boolean => node.settings.role === 'leaf';
    const leaves = [...this.nodes].filter(([, node]) => isLeaf(node)).map(([path]) => path);
    await this.order.backwards(leaves, async path => this.nodes.get(path)?.stop(how));
    for (const node of started.filter(node => !isLeaf(node))) await node.stop(how);
  }

  reload(): void {
    for (const node of this.nodes.values()) node.reload();
  }

  hurry(): void {
    for (const node of this.nodes.values()) node.hurry();
  }

  private make(place: TreeNode): CanopyNode {
    const { log, env } = this.ports;
    const child = log.child({ node: place.path === '' ? place.settings.name : place.path });
    const node = new CanopyNode({
      settings: place.settings,
      log: child,
      env,
      parentBroker: place.parentPath === null ? null : (this.places.get(place.parentPath) ?? null),
      children: this.places.get(place.path) ?? null,
      order: this.order.of(place.path),
    });
    this.nodes.set(place.path, node);
    return node;
  }

  private async startLeaf(place: TreeNode, started: Promise<void>): Promise<void> {
    try {
      await started;
    } catch (err) {
      this.nodes.delete(place.path);
      this.ports.log.error({ node: place.path, err }, `not started: ${(err as Error).message}`);
      if (err instanceof LinkError && err.code === 'name-taken' && !this.stopping) this.retry(place);
    }
  }

  private retry(place: TreeNode): void {
    const timer = setTimeout(() => {
      this.retries.delete(timer);
      void this.startLeaf(place, this.make(place).start());
    }, NAME_RETRY_MS);
    this.retries.add(timer);
  }
}
