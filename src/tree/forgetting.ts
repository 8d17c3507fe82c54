/**
 * Forgets nodes at every hop: here, above (what the parent was not told in time is owed to it), and below (where a hop on the
 * way is away, a grave says that what is told of the node from before is not believed, until that hop was told as well).
 */
import type { Origin } from '../../broker/rules.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { ancestors, isDirectChild, topName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { reachable } from '../core/reach.js';
import type { Registry } from '../core/registry.js';
import { wordOf } from '../core/said.js';
import type { Publisher } from '../node/publisher.js';
import type { Run } from '../node/responder.js';
import { asCommand } from '../protocol/commands.js';
import type { Command, Heartbeat, Result } from '../protocol/payloads.js';
import type { Desk } from './desk.js';
import type { IngestListener } from './ingest.js';
import { forgetBelow, forgettable } from './orders.js';
import type { Roster } from './roster/roster.js';
import { stateOf } from './wills.js';

export interface ForgettingPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly publisher: Publisher;
  /** By which hops below are told. */
  readonly desk: Desk;
  readonly roster: Roster;
  readonly log: { info(fields: object, message: string): void };
}

/** Milliseconds that a hop may take to answer, and before it is told again. */
const ANSWER_MS = 5000;
/** Milliseconds in which a broker has retained what it was sent. */
const RETAINED_MS = 500;

export class Forgetting implements IngestListener {
  /** When a hop was last told of a grave, by its name. */
  private readonly triedAt = new Map<string, number>();
  /** Of whom a hop is being told, by the id of the command. */
  private readonly telling = new Map<string, string>();

  constructor(private readonly ports: ForgettingPorts) {}

  /** Those that were ephemeral and had said goodbye when this node was ended. */
  start(): void {
    for (const name of this.ports.registry.childrenOf('')) {
      const record = this.ports.registry.get(name);
      if (record) this.state(record);
    }
  }

  /**
   * By the hop nearest to it that can be reached, else here; the paths that are forgotten.
   * @throws CanopyError `bad-argument` `not-found` `node-alive` `node-unreachable`
   */
  async forget(path: unknown, by: string): Promise<string[]> {
    const { registry, publisher } = this.ports;
    const target = forgettable(registry, path);
    const hop = this.hopTo(target);
    if (hop === null) return forgetBelow(registry, publisher, target);
    const gone = [target, ...under(registry, target)];
    const { code, message } = await this.order(hop, forgetCommand(hop, target, by));
    if (code === 'not-found' && registry.get(target)) return forgetBelow(registry, publisher, target);
    if (code === null || code === 'not-found') return gone;
    const why = `"${hop}" did not forget "${target}": ${message}`;
    throw new CanopyError(code === 'node-alive' ? code : 'node-unreachable', why);
  }

  state(record: NodeRecord): void {
    const { path, link, restart, ephemeral } = record;
    if (!ephemeral || link !== 'offline' || restart || !isDirectChild(path)) return;
    // Its goodbye is retained first, or it would stay so.
    setTimeout(() => {
      const { registry, publisher, log } = this.ports;
      if (registry.get(path)?.link !== 'offline') return;
      forgetBelow(registry, publisher, path);
      log.info({}, `${path} is forgotten: it is ephemeral, and has said goodbye`);
    }, RETAINED_MS).unref();
  }

  /** Of a hop that is there: it is told what was forgotten without it. Of one that was forgotten: it is simply new. */
  beat({ path }: NodeRecord, { kind }: Heartbeat): void {
    const { graves } = this.ports.roster;
    if (graves.size === 0) return;
    graves.lives(path);
    if (kind === 'leaf' || !isDirectChild(path) || !graves.below(path)) return;
    const mono = this.ports.clock.mono();
    if (mono - (this.triedAt.get(path) ?? Number.NEGATIVE_INFINITY) < ANSWER_MS) return;
    this.triedAt.set(path, mono);
    setImmediate(() => void this.tend(path));
  }

  /** The grave is closed before anything else is heard: a hop that has the node alive tells of it with the same packet. */
  result(_path: string, result: Result): void {
    const path = this.telling.get(result.id);
    if (path === undefined || !result.done) return;
    const { code } = endOf(result);
    const isSettled = code === null || code === 'not-found' || code === 'node-alive';
    if (isSettled) this.ports.roster.close(path);
  }

  /** `origin`: who has said so. From below, the hops there know it already. */
  forgotten(paths: readonly string[], origin: Origin): void {
    const { clock, roster } = this.ports;
    const path = paths.at(-1);
    if (path === undefined || isDirectChild(path)) return;
    if (origin.identity?.name === topName(path) || this.hopTo(path) !== null) return;
    roster.bury({ path, epoch: clock.now(), at: clock.now() });
  }

  /** The command. One that is found alive is told of anew: those above may have forgotten it. */
  plan(path: unknown, by: string): Run {
    try {
      const target = forgettable(this.ports.registry, path);
      return async () => ({ forgotten: await this.forget(target, by) });
    } catch (error) {
      if ((error as CanopyError).code === 'node-alive') this.retell(path as string);
      throw error;
    }
  }

  private retell(path: string): void {
    const record = this.ports.registry.get(path);
    if (!record) return;
    const { publisher } = this.ports;
    const numbers = wordOf(record, record.link, publisher.epoch);
    setImmediate(() => publisher.speakFor(path, { ...stateOf(record), ...numbers }));
  }

  private async tend(top: string): Promise<void> {
    for (const { path } of this.ports.roster.graves.under(top)) {
      const hop = this.hopTo(path);
      if (hop === null) continue;
      const command = forgetCommand(hop, path, 'forgotten while it was away');
      this.telling.set(command.id, path);
      await this.order(hop, command);
      this.telling.delete(command.id);
    }
    this.triedAt.delete(top);
  }

  /** Tells a hop to forget; the code of its refusal, null where it has. */
  private async order(hop: string, command: Command): Promise<{ code: string | null; message: string }> {
    const { desk } = this.ports;
    try {
      desk.send(hop, command);
    } catch (error) {
      return error as CanopyError;
    }
    return endOf(await desk.wait(command.id, ANSWER_MS));
  }

  /** The node nearest to it, above it, that has a broker and can be reached; null where there is none. */
  private hopTo(path: string): string | null {
    const { registry } = this.ports;
    for (const above of ancestors(path).toReversed()) {
      try {
        const { kind } = reachable(registry, above);
        // A plain MQTT bridge that stands in for a relay takes no commands.
        if (kind === 'relay' || kind === 'root') return above;
      } catch {
        // The next one up, then.
      }
    }
    return null;
  }
}

const forgetCommand = (hop: string, path: string, by: string): Command =>
  asCommand({ op: 'forget', args: { path: path.slice(hop.length + 1) }, by });

const endOf = (result: Result | null): { code: string | null; message: string } => {
  if (result?.done && result.status === 'succeeded') return { code: null, message: '' };
  return result?.error ?? { code: 'no-result', message: 'no answer' };
};

const under = (registry: Registry, path: string): string[] =>
  registry.childrenOf(path).flatMap(child => [child, ...under(registry, child)]);
