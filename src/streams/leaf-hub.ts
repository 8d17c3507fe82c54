/** A leaf's logs in the words of a hub: there is nothing below it. */
import { type Allowance, checkMayRead } from '../core/allowance.js';
import { CanopyError } from '../core/errors.js';
import type { LogSource } from '../core/log-lines.js';
import type { LogChoice, LogHub } from './port.js';

export class LeafHub implements LogHub {
  /** `own`: the node's own log; null where it keeps none. `allow`: what its machine's owner lets others do. */
  constructor(
    private readonly store: LogSource,
    private readonly own: LogSource | null,
    private readonly allow: Allowance = null,
  ) {}

  source(path: string, { self = false }: LogChoice = {}): LogSource {
    return {
      read: (query, cut) => {
        checkMayRead(this.allow, query.follow ?? false);
        return this.chosen(path, self).read(query, cut);
      },
    };
  }

  private chosen(path: string, self: boolean): LogSource {
    if (path !== '') throw new CanopyError('not-found', `there is no node "${path}" below a leaf`);
    if (!self) return this.store;
    if (this.own) return this.own;
    throw noOwnLog();
  }
}

export const noOwnLog = (): CanopyError =>
  new CanopyError('unsupported-op', 'this node keeps no log of its own');
