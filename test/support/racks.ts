/** A relay with its leaves in one process, as `canopy up` of a machine's own tree file hosts them. */
import { writeFileSync } from 'node:fs';
import { Command } from './cli.js';
import { QUICK, type Settings } from './nodes.js';
import { Rest } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { freePort } from './wait.js';

export class Rack {
  private command: Command | null = null;

  private constructor(
    private readonly box: Sandbox,
    readonly name: string,
    readonly port: number,
    readonly rest: Rest,
    private readonly file: string,
    private readonly wrap: readonly string[],
  ) {}

  /** `wrap`: words before the command line, such as those of taskset. */
  static async up(
    box: Sandbox,
    parent: { port: number },
    { name, wrap = [] }: { name: string; wrap?: readonly string[] },
    leaves: readonly Settings[],
  ): Promise<Rack> {
    const [port, restPort] = [await freePort(), await freePort()];
    const own = {
      name,
      parent_port: parent.port,
      port,
      rest_port: restPort,
      timeout: QUICK.timeout,
    };
    const defaults = { hb_interval: QUICK.hb_interval, data_dir: box.path('data') };
    const tree = { defaults, ...own, children: leaves.map(leaf => ({ target: 'sleep 3600', ...leaf })) };
    writeFileSync(box.path(`${name}.yaml`), JSON.stringify(tree));
    const rest = new Rest(`http://127.0.0.1:${restPort}`);
    const rack = new Rack(box, name, port, rest, `${name}.yaml`, wrap);
    await rack.start();
    return rack;
  }

  async start(): Promise<void> {
    this.command = new Command(this.box, ['up', this.file], {}, this.wrap);
    await this.command.said(/Ctrl-C stops/);
  }

  async stop(): Promise<void> {
    this.command?.signal('SIGTERM');
    await this.command?.end();
  }

  async crash(): Promise<void> {
    this.command?.signal('SIGKILL');
    await this.command?.end();
  }
}
