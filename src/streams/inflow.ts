/** The consumer's end of one flow: what has come and is not used up yet, and what the producer may send. */
import { CanopyError, ERROR_CODES, type ErrorCode } from '../core/errors.js';
import type { LogItem } from '../core/log-lines.js';
import { type FlowAsk, type FlowHead, type FlowMessage, runsOf } from '../protocol/flows.js';
import { Credit } from './credit.js';
import { ANSWER_MS, CHUNK_BYTES, GAP_COUNTS, MOST_WAITING, RENEW_MS, RETRY_MS, SILENT_MS } from './limits.js';
import type { Route } from './route.js';

/** The flow can't go on as it is; another one, from where this one stood, can. */
export class FlowBroken extends Error {}

export interface InflowPort {
  send(ask: Omit<FlowAsk, 'v'>): void;
  /** Bytes that a flow of this hop may have on its way now. */
  window(): number;
  now(): number;
}

export type FlowWish = Pick<FlowAsk, 'query' | 'self' | 'wait'>;

export class Inflow {
  private readonly items: { readonly item: LogItem; readonly bytes: number }[] = [];
  private failure: Error | null = null;
  private wake: (() => void) | null = null;
  private readonly credit: Credit;
  private received = 0;
  /** Messages and runs in `items`. */
  private waiting = 0;
  private answered = false;
  private readonly openedAt: number;
  private heardAt: number;
  private askedAt: number;

  constructor(
    readonly id: string,
    readonly route: Route,
    private readonly wish: FlowWish,
    private readonly port: InflowPort,
  ) {
    this.credit = new Credit(port.window());
    this.openedAt = port.now();
    this.heardAt = this.openedAt;
    this.askedAt = this.openedAt;
    this.ask();
  }

  /** The next item; null when it was cut. Throws FlowBroken, and what the other side threw. */
  async next(cut: AbortSignal): Promise<LogItem | null> {
    for (;;) {
      if (cut.aborted) return null;
      const first = this.items.shift();
      if (first) {
        this.waiting -= weightOf(first.item);
        this.use(first.bytes);
        return first.item;
      }
      if (this.failure) throw this.failure;
      await this.waits(cut);
    }
  }

  receive({ head, bytes }: FlowMessage): void {
    // Its reader has what came before, and closes it.
    if (this.failure) return;
    this.answered = true;
    this.heardAt = this.port.now();
    if (head.gone) return this.fail(new FlowBroken('the other side does not know it any more'));
    if (head.n !== undefined && head.n !== this.received)
      return this.fail(new FlowBroken(`${head.n - this.received} bytes were lost`));
    // Gaps are told beyond what is allowed; in honest flows they come to no whole chunk.
    if (this.received + bytes.length > this.credit.limit + CHUNK_BYTES)
      return this.fail(overrun(this.route.hop));
    if (bytes.length > 0 || head.runs) {
      this.received += bytes.length;
      this.push({ kind: 'lines', runs: runsOf(head), bytes }, bytes.length);
    }
    this.takeMarks(head);
  }

  /** To be called now and then: asks again, renews, gives up. */
  tick(): void {
    const now = this.port.now();
    if (!this.answered) {
      if (now - this.openedAt >= ANSWER_MS) this.fail(this.noAnswer());
      else if (now - this.askedAt >= RETRY_MS) this.ask();
    } else if (now - this.heardAt >= SILENT_MS) this.fail(new FlowBroken('silence'));
    else if (now - this.askedAt >= RENEW_MS) this.ask();
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.wakeUp();
  }

  close(): void {
    this.port.send({ flow: this.id, close: true });
  }

  private takeMarks({ gap, end, error }: FlowHead): void {
    if (gap) {
      this.received += GAP_COUNTS;
      this.push({ kind: 'gap', ...gap }, GAP_COUNTS);
    }
    if (end) this.push({ kind: 'end', ...end }, 0);
    if (error) this.fail(errorOf(error));
  }

  private push(item: LogItem, bytes: number): void {
    this.waiting += weightOf(item);
    // An honest log of very short lines may do so: it is read on from where this one stood.
    if (this.waiting > MOST_WAITING) this.fail(new FlowBroken('too much waits for its reader'));
    // Nothing passes what was left out.
    if (this.failure) return;
    this.items.push({ item, bytes });
    this.wakeUp();
  }

  private use(bytes: number): void {
    if (this.credit.use(bytes, this.port.window())) this.ask();
  }

  private ask(): void {
    this.askedAt = this.port.now();
    this.credit.raise(this.port.window());
    const { limit } = this.credit;
    const { rest: path } = this.route;
    const flow = { flow: this.id, path, ...this.wish, limit };
    this.port.send(this.answered ? { flow: this.id, limit } : { ...flow, open: true });
  }

  /** A node that is there by all that is known: it may be frozen, or of a version that hands no logs on. */
  private noAnswer(): Error {
    if (this.wish.wait) return new FlowBroken('no answer');
    const message = `"${this.route.hop}" did not answer within ${ANSWER_MS / 1000} s`;
    return new CanopyError('node-unreachable', message);
  }

  private waits(cut: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const settle = (): void => {
        cut.removeEventListener('abort', settle);
        this.wake = null;
        resolve();
      };
      this.wake = settle;
      cut.addEventListener('abort', settle, { once: true });
    });
  }

  private wakeUp(): void {
    this.wake?.();
  }
}

const weightOf = (item: LogItem): number => (item.kind === 'lines' ? 1 + item.runs.length : 1);

/** Not FlowBroken: that would open the next one at once, and have as much again. */
const overrun = (hop: string): CanopyError =>
  new CanopyError('slow-down', `"${hop}" sent more of a log than it was allowed to`);

const errorOf = ({ code, message }: { code: string; message: string }): CanopyError =>
  Object.hasOwn(ERROR_CODES, code)
    ? new CanopyError(code as ErrorCode, message)
    : new CanopyError('internal-error', `${code}: ${message}`);
