/** Beats to where somebody notices when the beats stop: only while the node is well. */
import type { Link } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { Tally } from '../core/tally.js';
import { post } from './send.js';

export interface DeadManOptions {
  readonly name: string;
  readonly url: string | null;
  readonly method: 'GET' | 'POST';
  readonly topic: string | null;
  readonly intervalMs: number;
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Clock;
  /** Why the node is not well; null where it is. */
  readonly ailment: () => string | null;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

const TIMEOUT_MS = 10_000;

export class DeadMan {
  /** `url ok`, `url failed`, `topic ok`, `unwell`. */
  readonly counts = new Tally();
  private readonly cut = new AbortController();
  private timer: NodeJS.Timeout | null = null;
  private problem: string | null = null;
  private busy = false;

  constructor(private readonly options: DeadManOptions) {}

  start(): void {
    const { url, topic, intervalMs } = this.options;
    if (url === null && topic === null) return;
    this.timer = setInterval(() => void this.beat(), intervalMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.cut.abort();
  }

  async beat(): Promise<void> {
    const ailment = this.options.ailment();
    if (ailment !== null) {
      this.counts.add('unwell');
      return this.say(`no beat: ${ailment}`);
    }
    const body = JSON.stringify({ version: 1, from: this.options.name, at: this.options.clock.now() });
    this.publish(body);
    const failed = await this.ask(body);
    this.say(failed);
  }

  private publish(body: string): void {
    const { topic, link } = this.options;
    if (topic === null) return;
    link.publish({ topic, payload: Buffer.from(body), qos: 1, retain: false });
    this.counts.add('topic ok');
  }

  /** Null where it was answered, or is still being asked. The address may hold a secret: it is not said. */
  private async ask(body: string): Promise<string | null> {
    const { url, method } = this.options;
    if (url === null || this.busy) return this.problem;
    this.busy = true;
    const deadline = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.cut.signal]);
    const headers = {
      'user-agent': 'canopy-deadman',
      ...(method === 'POST' && { 'content-type': 'application/json' }),
    };
    try {
      const status = await post(url, { method, headers }, method === 'POST' ? body : '', deadline);
      const isTaken = status >= 200 && status < 300;
      this.counts.add(isTaken ? 'url ok' : 'url failed');
      return isTaken ? null : `deadman_url answered ${status}`;
    } catch (error) {
      if (this.cut.signal.aborted) return null;
      this.counts.add('url failed');
      const { code, name } = error as NodeJS.ErrnoException;
      return `deadman_url: ${deadline.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : (code ?? name)}`;
    } finally {
      this.busy = false;
    }
  }

  /** Once for each turn. */
  private say(problem: string | null): void {
    if (problem === this.problem) return;
    this.problem = problem;
    if (problem === null) this.options.log.info({}, 'the dead man beats again');
    else this.options.log.warn({}, `the dead man: ${problem}`);
  }
}
