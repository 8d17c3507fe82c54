/** One running node of any role: its container, its steps, and what a host may ask of it. */
import type { Logger } from 'pino';
import type { EmbeddedBroker } from '../../broker/embedded.js';
import type { Link } from '../../broker/link.js';
import type { LocalParent, Parent } from '../../broker/local-parent.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings, Role } from '../config/settings.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Order } from '../leaf/first-start.js';
import { openInstallation } from '../node/installation.js';
import { ensureDirectory } from '../process/directory.js';
import { lockNode, type NodeLock } from '../process/node-lock.js';
import { reloadAlerts } from './alerts-file.js';
import { NodeContainer } from './container.js';
import { firstSteps } from './first.js';
import { Lifecycle, type Step, type Stopping } from './lifecycle.js';
import { ownLogStep } from './own-log.js';
import { targetStep } from './target.js';
import {
  BROKER,
  CLOCK,
  INSTALLATION,
  LOCAL_CHILDREN,
  LOG,
  ORDER,
  PARENT_BROKER,
  REST,
  SETTINGS,
  TARGET,
  TARGET_ENV,
  UPLINK,
} from './tokens.js';

export interface NodeParts {
  readonly settings: NodeSettings;
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly parentBroker?: Parent | null;
  /** Where children of this process are already. */
  readonly children?: LocalParent | null;
  readonly order?: Order;
  readonly clock?: Clock;
}

export const pidFileOf = (settings: NodeSettings): string => `${settings.dataDir}/canopy.pid`;

function badDataDir(file: string, error: Error): ConfigError {
  const found = `${file}: ${error.message}`;
  const expected = 'a directory that can be made and written to';
  return new ConfigError([{ code: 'invalid-value', where: 'CANOPY_DATA_DIR (data_dir)', expected, found }]);
}

/** What a file of it can't be read or written for, with the setting; anything else as it is. */
function named(dataDir: string, error: NodeJS.ErrnoException): Error {
  const { path, syscall, message } = error;
  if (syscall === undefined || !path?.startsWith(dataDir)) return error;
  return badDataDir(path, new Error(message));
}

type Steps = (node: NodeContainer) => Step[];

/** Loaded when they are wanted: a target does not wait for what is needed of a broker, nor a broker for what a leaf needs. */
const LOADING: Readonly<Record<Role, () => Promise<Steps>>> = {
  root: async () => (await import('./relay.js')).rootSteps,
  relay: async () => (await import('./relay.js')).relaySteps,
  leaf: async () => (await import('./leaf.js')).leafSteps,
};
const loaded = new Map<Role, Steps>();

async function stepsOf(role: Role): Promise<Steps> {
  const steps = loaded.get(role) ?? (await LOADING[role]());
  loaded.set(role, steps);
  return steps;
}

export class CanopyNode {
  readonly container = new NodeContainer();
  private lifecycle: Lifecycle | null = null;

  constructor(private readonly parts: NodeParts) {
    const {
      settings,
      log,
      env,
      parentBroker = null,
      children = null,
      order = null,
      clock = systemClock,
    } = parts;
    this.container
      .set(SETTINGS, settings)
      .set(LOG, log)
      .set(TARGET_ENV, env)
      .set(PARENT_BROKER, parentBroker)
      .set(LOCAL_CHILDREN, children)
      .set(ORDER, order)
      .set(CLOCK, clock);
  }

  get settings(): NodeSettings {
    return this.parts.settings;
  }
  /** Null on a leaf, and before the start. */
  get broker(): EmbeddedBroker | null {
    return this.container.has(BROKER) ? this.container.get(BROKER) : null;
  }
  /** Null on a root, and before the start. */
  get uplink(): Link | null {
    return this.lifecycle && this.container.has(UPLINK) ? this.container.get(UPLINK) : null;
  }
  /** `http://host:port` where it serves REST. */
  get restUrl(): string | null {
    return this.container.has(REST) ? this.container.get(REST).origin : null;
  }

  /**
   * The beginning of a start: takes its place, and looks at what can be looked at before anybody does anything.
   * Throws as `start` does.
   */
  async prepare(): Promise<void> {
    const { log, settings } = this.parts;
    this.lifecycle = new Lifecycle(log);
    if (settings.role !== 'leaf')
      return this.run([...this.ownSteps(), ownLogStep(this.container), ...firstSteps(this.container)]);
    const isAlone = this.container.get(PARENT_BROKER) === null;
    await this.run([...this.ownSteps(), ...(isAlone ? [] : [targetStep(this.container)])]);
  }

  /** Throws what keeps it from starting (AlreadyRunningError, EADDRINUSE, LinkError name-taken, …), all undone. */
  async start(): Promise<void> {
    if (this.lifecycle === null) await this.prepare();
    const steps = await stepsOf(this.settings.role);
    const own = this.settings.role === 'leaf' ? [ownLogStep(this.container)] : [];
    await this.run([...own, ...steps(this.container)]);
  }

  private async run(steps: readonly Step[]): Promise<void> {
    await this.lifecycle?.start(steps).catch(error => {
      throw named(this.settings.dataDir, error);
    });
  }

  private ownSteps(): Step[] {
    const { settings, log, clock = systemClock } = this.parts;
    const pidFile = pidFileOf(settings);
    let lock: NodeLock | null = null;
    const claim: Step = {
      name: 'pid file',
      start: async () => {
        lock = await lockNode(pidFile, () =>
          ensureDirectory(settings.dataDir).catch(error => {
            throw badDataDir(settings.dataDir, error);
          }),
        );
        if (lock.replaced) log.warn({ pidFile }, `replaced a ${lock.replaced} pid file`);
      },
      stop: async () => lock?.release(),
    };
    const identity: Step = {
      name: 'installation',
      start: async () =>
        void this.container.set(
          INSTALLATION,
          await openInstallation(settings.dataDir, clock.now(), err =>
            log.warn({ err, dataDir: settings.dataDir }, 'this start is not recorded: the disk is full'),
          ),
        ),
      stop: () => {},
    };
    return [claim, identity];
  }

  async stop(how: Stopping = 'end'): Promise<void> {
    await this.lifecycle?.stop(how);
  }

  /** Reads again what may be changed while it runs. */
  reload(): void {
    if (this.settings.role !== 'leaf') reloadAlerts(this.container);
  }

  /** Does not wait for the grace period: the target is killed now. */
  hurry(): void {
    // Before that there is no target, and not yet what one is made of.
    const isOpen = this.container.has(INSTALLATION) && this.container.has(TARGET);
    if (isOpen) this.container.get(TARGET).supervisor.signal('SIGKILL');
  }
}
