/** A leaf: one target, its supervisor, and what it tells and obeys over one link to its parent's broker. */
import type { LinkError, Message } from '../../broker/link.js';
import { checkAllowed } from '../core/allowance.js';
import { CanopyError } from '../core/errors.js';
import type { TargetModel } from '../core/phases.js';
import type { Finding } from '../core/probes.js';
import { Heart } from '../node/heart.js';
import { maintenancePlan } from '../node/maintenance.js';
import { Publisher } from '../node/publisher.js';
import { type Plan, Responder } from '../node/responder.js';
import { topicOf } from '../protocol/topics.js';
import { aftermath } from './aftermath.js';
import { FirstStart } from './first-start.js';
import { HealthWatch } from './health.js';
import { logChange, logFinding } from './leaf-log.js';
import type { LeafOptions } from './options.js';
import { leafPlan, leafTurn } from './orders.js';
import { LeafReporter, type Traits } from './reporter.js';
import type { Supervisor } from './supervisor.js';
import { targetMemory } from './target-memory.js';

/** Milliseconds that the last words may take to reach the parent. */
const GOODBYE_MS = 1000;
/** What an operator decides with these, waiting for others does not put off. */
const DECIDING = ['start', 'stop', 'restart'];

export class Leaf {
  readonly supervisor: Supervisor;
  private readonly reporter: LeafReporter;
  private readonly heart: Heart;
  private readonly responder: Responder;
  private readonly health: HealthWatch;
  private readonly firstStart: FirstStart;
  private leaving = false;

  constructor(private readonly options: LeafOptions) {
    const { name, facts, link, clock } = options;
    const publisher = new Publisher(link, name, facts.epoch, clock);
    this.health = new HealthWatch(options.health, {
      rss: () => targetMemory(this.supervisor),
      unhealthy: reason => this.supervisor.dispatch({ type: 'unhealthy', reason }),
      told: this.felt,
    });
    this.firstStart = new FirstStart(options.order, this.waits);
    this.reporter = new LeafReporter(
      facts,
      publisher,
      clock,
      () => this.traits(),
      () => this.finding,
    );
    this.supervisor = options.target.supervisor;
    options.logs.onNews(({ loses, reason, count }) => {
      publisher.event('logs', reason, count > 0 ? { count } : {});
      options.log[loses ? 'warn' : 'info']({ count }, reason);
    });
    this.responder = new Responder(publisher, clock, this.plan, options.memory, {
      turn: leafTurn,
      facts: () => ({ phase: this.supervisor.model.phase, pid: this.supervisor.model.pid }),
    });
    this.heart = new Heart(facts.interval * 1000, seq => {
      void this.reporter.beat(seq, () => this.supervisor.model);
    });
    this.supervisor.onChange((now, before) => this.changed(now, before));
  }

  /** With a target that was begun before. */
  async start(): Promise<void> {
    const { link, desired, maintenance, handing, logs } = this.options;
    handing.start();
    link.on('connected', this.connected);
    if (link.state === 'connected') this.connected();
    this.responder.resume(aftermath(this.supervisor, desired));
    this.takeCommands();
    await this.startInTurn();
    logs.start();
    desired.onChange(this.retell);
    maintenance.onChange(this.retell);
    this.heart.start();
  }

  /** Granted when the parent is reached, which may be never; on closing it is rejected. */
  private takeCommands(): void {
    const { link, name, log } = this.options;
    link.subscribe([topicOf(name, 'cmd')], this.obey).catch((error: LinkError) => {
      if (error.code === 'refused') log.warn({ code: error.code }, `no commands: ${error.message}`);
    });
  }

  /** Waits for those that it needs without keeping anybody waiting who started it. */
  private async startInTurn(): Promise<void> {
    const { desired, target } = this.options;
    const first = target.waiting;
    const starts = this.supervisor.when(model => (model.phase === 'starting' ? null : true));
    if (first === null) return void (await starts);
    void this.firstStart.comes().then(go => {
      const isIdle = this.supervisor.model.phase === 'stopped' && !this.leaving;
      if (go && isIdle && desired.get() === 'running') this.supervisor.dispatch(first);
    });
  }

  /** Stops the target, unless it `goesOn` for the next leaf; tells the parent that this is a goodbye, and closes the link. */
  async stop(goesOn = false): Promise<void> {
    const { link, target } = this.options;
    this.leaving = true;
    this.firstStart.cancel();
    this.responder.close(shuttingDown());
    await target.end(goesOn);
    this.heart.stop();
    this.reporter.goodbye(this.supervisor.model, this.options.restarting());
    this.health.end();
    await link.flush(GOODBYE_MS);
    await link.close();
  }

  /** A start that came during the stop would leave a target behind that nobody watches. */
  private readonly plan: Plan = command => {
    checkAllowed(this.options.allow, command.op);
    if (this.leaving) throw shuttingDown();
    const { desired, maintenance, clock, handing } = this.options;
    const plans = { maintain: maintenancePlan(maintenance, clock), logs: handing.plan };
    const run = leafPlan(this.supervisor, desired, plans)(command);
    if (DECIDING.includes(command.op)) this.firstStart.cancel();
    return run;
  };

  private readonly connected = (): void => this.reporter.state(this.supervisor.model);
  private readonly obey = (message: Message): void => this.responder.handle(message);

  private traits(): Traits {
    const { desired, labels, host, maintenance, ephemeral } = this.options;
    const traits = { desired: desired.get(), labels, host, maintenance: maintenance.current };
    return ephemeral ? { ...traits, ephemeral } : traits;
  }

  /** Once what follows from it at once is told as well: a start changes what is desired, and then the phase. */
  private readonly retell = (): void => queueMicrotask(() => this.reporter.retell(this.supervisor.model));

  private get finding(): Finding {
    const { reason } = this.firstStart;
    return reason === null ? this.health.now : { health: 'unknown', reason };
  }

  private readonly felt = (now: Finding, before: Finding): void => {
    this.reporter.health(this.supervisor.model, now, before);
    this.tellReady();
    logFinding(this.options.log, now, before);
  };

  private readonly waits = (reason: string | null): void => {
    if (reason !== null) this.options.log.info({}, reason);
    this.reporter.state(this.supervisor.model);
  };

  private tellReady(): void {
    const { phase } = this.supervisor.model;
    this.options.order?.ready(phase === 'running' && this.health.now.health === 'passing');
  }

  private changed(now: TargetModel, before: TargetModel): void {
    this.health.changed(now, before);
    this.reporter.change(now, before);
    this.tellReady();
    logChange(this.options.log, now, before);
  }
}

const shuttingDown = (): CanopyError => new CanopyError('shutting-down', 'the leaf is being stopped');
