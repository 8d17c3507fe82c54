/** A leaf: one target, its supervisor, and what it tells and obeys over one link to its parent's broker. */
import type { Link, LinkError, Message } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { TargetModel } from '../core/phases.js';
import { Heart } from '../node/heart.js';
import type { CommandMemory } from '../node/memory.js';
import { Publisher } from '../node/publisher.js';
import { type Plan, Responder } from '../node/responder.js';
import { topicOf } from '../protocol/topics.js';
import { aftermath } from './aftermath.js';
import type { DesiredState } from './desired.js';
import { leafPlan, leafTurn } from './orders.js';
import { type LeafFacts, LeafReporter } from './reporter.js';
import { Supervisor, type TargetSpec } from './supervisor.js';

export interface LeafLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LeafOptions {
  readonly name: string;
  readonly facts: LeafFacts;
  readonly target: TargetSpec;
  readonly link: Link;
  readonly desired: DesiredState;
  readonly memory: CommandMemory;
  /** An orderly end leaves the target to the next leaf. */
  readonly keepTarget: boolean;
  readonly clock: Clock;
  readonly log: LeafLog;
}

/** Milliseconds that the last words may take to reach the parent. */
const GOODBYE_MS = 1000;
/** Milliseconds that the parent may take to answer before the target is started without its word. */
const FIRST_WORD_MS = 2000;

export class Leaf {
  readonly supervisor: Supervisor;
  private readonly reporter: LeafReporter;
  private readonly heart: Heart;
  private readonly responder: Responder;
  private leaving = false;

  constructor(private readonly options: LeafOptions) {
    const { name, facts, link, clock } = options;
    const publisher = new Publisher(link, name, facts.epoch, clock);
    this.reporter = new LeafReporter(facts, publisher, clock);
    this.supervisor = new Supervisor(options.target, clock, (now, before) => this.changed(now, before));
    this.responder = new Responder(publisher, clock, this.plan, options.memory, {
      turn: leafTurn,
      facts: () => ({ phase: this.supervisor.model.phase, pid: this.supervisor.model.pid }),
    });
    this.heart = new Heart(facts.interval * 1000, seq => {
      void this.reporter.beat(seq, () => this.supervisor.model);
    });
  }

  /**
   * The target is started whether or not the parent can be reached, but not where the parent says that another leaf of
   * this name is alive: throws LinkError name-taken.
   */
  async start(): Promise<void> {
    const { link, name } = this.options;
    const refused = await nameTaken(link);
    if (refused) {
      link.abort();
      throw refused;
    }
    // Before any command can come: a start would be a twin.
    const adopted = await this.supervisor.adopt();
    link.on('connected', this.connected);
    if (link.state === 'connected') this.connected();
    const desired = this.options.desired.get();
    // The leaf that should have stopped it was ended over that.
    if (adopted && desired === 'stopped')
      this.supervisor.dispatch({ type: 'stop', by: 'an earlier command' });
    this.responder.resume(aftermath(this.supervisor, this.options.desired));
    // Granted when the parent is reached, which may be never; on closing it is rejected.
    link.subscribe([topicOf(name, 'cmd')], this.obey).catch((error: LinkError) => {
      if (error.code === 'refused')
        this.options.log.warn({ code: error.code }, `no commands: ${error.message}`);
    });
    if (!adopted && desired === 'running') {
      this.supervisor.dispatch({ type: 'start', by: 'canopy' });
      await this.supervisor.when(model => (model.phase === 'starting' ? null : true));
    }
    this.heart.start();
  }

  /**
   * Stops the target, or leaves it to the next leaf where that `mayKeep` and the settings say so; tells the parent that
   * this is a goodbye, and closes the link.
   */
  async stop(mayKeep = false): Promise<void> {
    const { link, keepTarget } = this.options;
    this.leaving = true;
    this.responder.close(shuttingDown());
    if (mayKeep && keepTarget) this.supervisor.leave();
    else await this.stopTarget();
    this.heart.stop();
    this.reporter.state(this.supervisor.model, 'offline');
    await link.flush(GOODBYE_MS);
    await link.close();
  }

  private async stopTarget(): Promise<void> {
    this.supervisor.dispatch({ type: 'stop', by: 'canopy' });
    await this.supervisor.when(model => (model.phase === 'stopped' ? true : null));
    await this.supervisor.close();
  }

  /** A start that came during the stop would leave a target behind that nobody watches. */
  private readonly plan: Plan = command => {
    if (this.leaving) throw shuttingDown();
    return leafPlan(this.supervisor, this.options.desired)(command);
  };

  private readonly connected = (): void => this.reporter.state(this.supervisor.model);
  private readonly obey = (message: Message): void => this.responder.handle(message);

  private changed(now: TargetModel, before: TargetModel): void {
    this.reporter.change(now, before);
    if (now.phase === before.phase) return;
    const crashed =
      now.phase === 'backoff' ||
      now.phase === 'failed' ||
      (before.phase === 'running' && now.phase === 'starting');
    const fields = { pid: now.pid, from: before.phase, to: now.phase, reason: now.reason };
    this.options.log[crashed ? 'warn' : 'info'](fields, 'target');
  }
}

const shuttingDown = (): CanopyError => new CanopyError('shutting-down', 'the leaf is being stopped');

/** Waits for the first word of the parent, or that there is none. */
function nameTaken(link: Link): Promise<LinkError | null> {
  return new Promise(resolve => {
    const settle = (cause: LinkError | null): void => {
      clearTimeout(timer);
      link.off('connected', connected);
      link.off('failed', settle);
      resolve(cause?.code === 'name-taken' ? cause : null);
    };
    const connected = (): void => settle(null);
    const timer = setTimeout(connected, FIRST_WORD_MS);
    link.on('connected', connected);
    link.on('failed', settle);
    if (link.state === 'connected') settle(null);
    else if (link.lastError) settle(link.lastError);
  });
}
