/** `logs`, `follow` and `unfollow` as they pass this node's broker on their way to whom they concern. */
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { ancestors } from '../core/names.js';
import { isStandIn } from '../core/node-record.js';
import { reachable } from '../core/reach.js';
import type { Registry } from '../core/registry.js';
import { selected } from '../core/selection.js';
import { failure } from '../node/answers.js';
import { followOf, LOG_OPS } from '../node/log-commands.js';
import type { Publisher } from '../node/publisher.js';
import { MalformedPayload } from '../protocol/codec.js';
import { decodeCommand } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { LogFace } from './log-face.js';

export interface LogOrdersOptions {
  readonly face: LogFace;
  readonly registry: Registry;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

export class LogOrders {
  constructor(private readonly options: LogOrdersOptions) {}

  /** A command passes, to the node at `path`; called while the broker waits. */
  seen(path: string, payload: Buffer): void {
    const command = read(payload);
    if (command === null || !LOG_OPS.has(command.op)) return;
    const { clock } = this.options;
    if (command.expiresAt !== undefined && command.expiresAt < clock.now()) return;
    setImmediate(() => this.take(path, command));
  }

  private take(path: string, command: Command): void {
    const { face, clock } = this.options;
    if (path !== '' && this.isForNobody(path, command)) return;
    if (command.op === 'logs') return;
    try {
      const query = command.op === 'follow' ? followOf(command, clock.now()) : null;
      for (const leaf of this.meant(path, command))
        if (query) face.follow(leaf, query);
        else face.unfollow(leaf);
    } catch (error) {
      // Whom it is addressed to says what is wrong with it.
      if (!(error instanceof CanopyError)) throw error;
    }
  }

  /** Paths of the leaves that a command concerns. */
  private meant(path: string, { select }: Command): string[] {
    const { registry } = this.options;
    if (select === undefined) return registry.get(path)?.kind === 'leaf' ? [path] : [];
    const within = select.path === undefined ? path : [path, select.path].filter(Boolean).join('/');
    const here = within === '' ? { ...select } : { ...select, path: within };
    return selected(registry, here).map(record => record.path);
  }

  /** Nobody further down will answer for a node that is gone: then it is done here. */
  private isForNobody(path: string, command: Command): boolean {
    const { registry, publisher } = this.options;
    const relay = ancestors(path).find(above => {
      const known = registry.get(above);
      return known !== undefined && !isStandIn(known) && known.link === 'online';
    });
    if (relay !== undefined) return false;
    try {
      reachable(registry, path);
      return false;
    } catch (error) {
      // For what does not exist somebody answers whatever the command is.
      if ((error as CanopyError).code === 'node-unreachable')
        publisher.result(failure(command, 'rejected', error as CanopyError), path);
      return true;
    }
  }
}

function read(payload: Buffer): Command | null {
  try {
    return decodeCommand(payload);
  } catch (error) {
    if (error instanceof MalformedPayload) return null;
    throw error;
  }
}
