/** A model in the making: copied where it is changed, so that a step over nothing costs nothing. */
import type { Alert, NoticeKind } from '../core/alert.js';
import type { Moment } from '../core/clock.js';
import type { Effect, Model, Open, Pending, Stepped } from './model.js';

export class Draft {
  readonly pending: Map<string, Pending>;
  readonly open: Map<string, Open>;
  readonly healed: Map<string, number>;
  private readonly effects: Effect[] = [];

  constructor(
    model: Model,
    readonly now: Moment,
  ) {
    this.pending = new Map(model.pending);
    this.open = new Map(model.open);
    this.healed = new Map(model.healed);
  }

  notify(kind: NoticeKind, alert: Alert, because: string | null = null): void {
    const key = `${alert.id}:${kind === 'reminder' ? `reminder-${alert.reminders}` : kind}`;
    for (const to of alert.to)
      this.effects.push({ do: 'notify', notice: { key, kind, to, at: this.now.now, alert, because } });
  }

  tell(what: 'firing' | 'resolved' | 'acked', alert: Alert): void {
    this.effects.push({ do: 'tell', what, alert });
  }

  done(): Stepped {
    const { pending, open, healed, effects } = this;
    return { model: { pending, open, healed }, effects };
  }
}
