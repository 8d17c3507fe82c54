/** Honest users of a tree while it is attacked: what they notice of it. */
import type { NodeProcess } from '../support/nodes.js';
import { RawClient } from '../support/raw-mqtt.js';
import type { Answer } from '../support/rest.js';

export class Honest {
  /** Milliseconds between two heartbeats at most; and of the slowest answer to a command. */
  longestGap = 0;
  slowestCommand = 0;
  commands = 0;
  failed: string[] = [];
  #last = performance.now();
  #over = false;
  #done: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: RawClient,
    private readonly ping: () => Promise<Pick<Answer, 'body'>>,
  ) {}

  /** Watches the heartbeats of a node at the root, and pings it again and again. */
  static async watch(root: NodeProcess, path: string): Promise<Honest> {
    const client = await RawClient.open(root.port, { clientId: `honest-${path}`, keepalive: 30 });
    return Honest.over(client, path, () => root.rest.command(path, 'ping'));
  }

  /** By a client that is let in, and `ping`, which sends one over REST and gives what came of it. */
  static async over(
    client: RawClient,
    path: string,
    ping: () => Promise<Pick<Answer, 'body'>>,
  ): Promise<Honest> {
    const honest = new Honest(client, ping);
    await client.subscribe([`canopy/${path}/hb`]);
    client.socket.on('data', () => honest.#beat());
    honest.#done = honest.#command();
    return honest;
  }

  #beat(): void {
    const beats = this.client.of(3).length;
    if (beats === 0) return;
    this.client.packets.length = 0;
    this.longestGap = Math.max(this.longestGap, performance.now() - this.#last);
    this.#last = performance.now();
  }

  async #command(): Promise<void> {
    while (!this.#over) {
      const from = performance.now();
      const answer = await this.ping().catch((error: Error) => error);
      this.commands += 1;
      if (answer instanceof Error) this.failed.push(answer.message);
      else if (answer.body.status !== 'succeeded') this.failed.push(JSON.stringify(answer.body));
      this.slowestCommand = Math.max(this.slowestCommand, performance.now() - from);
      this.client.send(Buffer.from([0xc0, 0]));
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }

  async end(): Promise<string> {
    this.#over = true;
    await this.#done;
    // A gap that lasts to the end is one, too.
    this.longestGap = Math.max(this.longestGap, performance.now() - this.#last);
    const closed = this.client.closed;
    this.client.destroy();
    if (closed) this.failed.push('its connection was closed');
    const [gap, slowest] = [this.longestGap, this.slowestCommand].map(Math.round);
    return `longest gap between heartbeats ${gap} ms, ${this.commands} commands, ${this.failed.length} failed, slowest ${slowest} ms`;
  }
}
