/** One running node of any role: its container, its steps, and what a host may ask of it. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { EmbeddedBroker } from '../../broker/embedded.js';
import type { Link } from '../../broker/link.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Order } from '../leaf/first-start.js';
import { openInstallation } from '../node/installation.js';
import { ensureDirectory } from '../process/directory.js';
import { claimPidFile, releasePidFile } from '../process/pid-file.js';
import { reloadAlerts } from './alerts.js';
import { NodeContainer } from './container.js';
import { leafSteps } from './leaf.js';
import { Lifecycle, type Step } from './lifecycle.js';
import { ownLogStep } from './own-log.js';
import { relaySteps, rootSteps } from './relay.js';
import { REST } from './rest.js';
import {
  BROKER,
  CLOCK,
  INSTALLATION,
  LEAF,
  LOG,
  ORDER,
  PARENT_BROKER,
  SETTINGS,
  TARGET_ENV,
  UPLINK,
} from './tokens.js';

export interface NodeParts {
  readonly settings: NodeSettings;
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly parentBroker?: EmbeddedBroker | null;
  readonly order?: Order;
  readonly clock?: Clock;
}

export const pidFileOf = (settings: NodeSettings): string => join(settings.dataDir, 'canopy.pid');

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

const STEPS = { root: rootSteps, relay: relaySteps, leaf: leafSteps };

export class CanopyNode {
  readonly container = new NodeContainer();
  private lifecycle: Lifecycle | null = null;

  constructor(private readonly parts: NodeParts) {
    const { settings, log, env, parentBroker = null, order = null, clock = systemClock } = parts;
    this.container
      .set(SETTINGS, settings)
      .set(LOG, log)
      .set(TARGET_ENV, env)
      .set(PARENT_BROKER, parentBroker)
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

  /** Throws what keeps it from starting (AlreadyRunningError, EADDRINUSE, LinkError name-taken, …), all undone. */
  async start(): Promise<void> {
    const { settings, log, clock = systemClock } = this.parts;
    const pidFile = pidFileOf(settings);
    const claim: Step = {
      name: 'pid file',
      start: async () => {
        await ensureDirectory(settings.dataDir).catch(error => {
          throw badDataDir(settings.dataDir, error);
        });
        const { replaced } = await claimPidFile(pidFile);
        if (replaced) log.warn({ pidFile }, `replaced a ${replaced} pid file`);
      },
      stop: async () => void (await releasePidFile(pidFile)),
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
    this.lifecycle = new Lifecycle(
      [claim, identity, ownLogStep(this.container), ...STEPS[settings.role](this.container)],
      log,
    );
    await this.lifecycle.start().catch(error => {
      throw named(settings.dataDir, error);
    });
  }

  /** `mayKeep`: a leaf that is set to keep its target does. */
  async stop(mayKeep = false): Promise<void> {
    await this.lifecycle?.stop(mayKeep);
  }

  /** Reads again what may be changed while it runs. */
  reload(): void {
    if (this.settings.role !== 'leaf') reloadAlerts(this.container);
  }

  /** Does not wait for the grace period: the target is killed now. */
  hurry(): void {
    // Before that there is no target, and not yet what a leaf is made of.
    const isOpen = this.container.has(INSTALLATION);
    if (this.settings.role === 'leaf' && isOpen) this.container.get(LEAF).supervisor.signal('SIGKILL');
  }
}
