/** Hosts any number of nodes in one process: parents before children, leaves side by side, and down in reverse. */
import type { Logger } from 'pino';
import { LinkError } from '../../broker/link.js';
import type { TreeNode } from '../config/tree-file.js';
import { CanopyNode } from './node.js';
import { StartOrder } from './order.js';

export interface HostPorts {
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
}

/** Milliseconds before a leaf whose name was taken tries again. */
const NAME_RETRY_MS = 5000;

export class Host {
  readonly nodes = new Map<string, CanopyNode>();
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
      await this.stop();
      throw error;
    }
  }

  private async bringUp(tree: readonly TreeNode[]): Promise<void> {
    const hosted = tree.filter(node => node.hosted);
    this.order = new StartOrder(new Map(hosted.map(({ path, needs }) => [path, needs])));
    for (const node of hosted) if (node.settings.role !== 'leaf') await this.startNode(node);
    await Promise.all(hosted.filter(node => node.settings.role === 'leaf').map(node => this.startLeaf(node)));
  }

  /** `mayKeep`: leaves that are set to keep their targets do. */
  async stop(mayKeep = false): Promise<void> {
    this.stopping = true;
    for (const timer of this.retries) clearTimeout(timer);
    await this.starting.catch(() => {});
    const started = [...this.nodes.values()].reverse();
    const isLeaf = (node: CanopyNode): boolean => node.settings.role === 'leaf';
    const leaves = [...this.nodes].filter(([, node]) => isLeaf(node)).map(([path]) => path);
    await this.order.backwards(leaves, async path => this.nodes.get(path)?.stop(mayKeep));
    for (const node of started.filter(node => !isLeaf(node))) await node.stop();
  }

  reload(): void {
    for (const node of this.nodes.values()) node.reload();
  }

  hurry(): void {
    for (const node of this.nodes.values()) node.hurry();
  }

  private async startNode(place: TreeNode): Promise<void> {
    if (this.stopping) return;
    const { log, env } = this.ports;
    const parent = place.parentPath === null ? undefined : this.nodes.get(place.parentPath);
    const child = log.child({ node: place.path === '' ? place.settings.name : place.path });
    const node = new CanopyNode({
      settings: place.settings,
      log: child,
      env,
      parentBroker: parent?.broker ?? null,
      order: this.order.of(place.path),
    });
    this.nodes.set(place.path, node);
    await node.start();
  }

  private async startLeaf(place: TreeNode): Promise<void> {
    try {
      await this.startNode(place);
    } catch (err) {
      this.nodes.delete(place.path);
      this.ports.log.error({ node: place.path, err }, `not started: ${(err as Error).message}`);
      if (err instanceof LinkError && err.code === 'name-taken' && !this.stopping) this.retry(place);
    }
  }

  private retry(place: TreeNode): void {
    const timer = setTimeout(() => {
      this.retries.delete(timer);
      void this.startLeaf(place);
    }, NAME_RETRY_MS);
    this.retries.add(timer);
  }
}
