/** Every file that is read: mutated, and read by who reads it. A wrong one is told by a ConfigError, or taken for none. */
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AlertsDisk } from '../../src/alerts/disk.js';
import { inWords } from '../../src/alerts/message.js';
import { reopened } from '../../src/alerts/model.js';
import { loadAlerts } from '../../src/config/alerts-file.js';
import { loadNode } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { loadTree } from '../../src/config/tree-file.js';
import { moment, systemClock } from '../../src/core/clock.js';
import type { NodeRecord } from '../../src/core/node-record.js';
import { Registry } from '../../src/core/registry.js';
import { verdict } from '../../src/core/verdict.js';
import { OrderStore } from '../../src/fleet/order-store.js';
import { DesiredState } from '../../src/leaf/desired.js';
import { LogStore } from '../../src/logs/store.js';
import { openInstallation } from '../../src/node/installation.js';
import { MaintenanceState } from '../../src/node/maintenance.js';
import { CommandMemory, type Stage } from '../../src/node/memory.js';
import { readPidFile } from '../../src/process/pid-file.js';
import { readExit, readRecord } from '../../src/process/target-record.js';
import { encode, HEADER } from '../../src/spool/record.js';
import { Spool } from '../../src/spool/spool.js';
import { Roster } from '../../src/tree/roster/roster.js';
import { Seen } from '../../src/tree/seen.js';
import { until } from '../support/wait.js';
import { HistoryFuzz } from './history.js';
import { IdentityFuzz } from './identity.js';
import type { Mutator } from './mutate.js';
import { FILES } from './samples.js';

const LATER = { epoch: 1, kind: 'leaf', link: 'online' } as const;
const POSITION = '{"v":1,"place":{"segment":1,"at":60},"dropped":{"count":3,"since":1790000000000}}';
const SEEN = '["canopy/web/evt",1790000000000,4]\n["canopy/rack1/web/res",1790000000000,9]';
const STAGE = { id: 'later', op: 'ping', status: 'succeeded', done: true } as Stage;
/** One in so many cases is a whole store of logs: it takes as long as that. */
const LOGS = 0.02;
/** One of history takes a tenth of it. */
const HISTORY = 0.1;

export class FileFuzz {
  readonly #dir: string;
  readonly #identity: IdentityFuzz;
  readonly #history: HistoryFuzz;

  constructor(private readonly place: string) {
    this.#dir = join(place, 'data');
    this.#identity = new IdentityFuzz(this.#dir);
    this.#history = new HistoryFuzz(place);
    mkdirSync(this.#dir, { recursive: true });
  }

  /** Throws what a reader should not have thrown. */
  async run(mutator: Mutator): Promise<void> {
    if (mutator.chance(LOGS)) return this.#logs(mutator);
    if (mutator.chance(HISTORY)) return this.#history.run(mutator);
    const readers = [
      () => this.#settings(mutator),
      () => this.#tree(mutator),
      () => this.#alerts(mutator),
      () => this.#alertsKept(mutator),
      () => this.#memory(mutator),
      () => this.#orders(mutator),
      () => this.#roster(mutator),
      () => this.#state(mutator),
      () => this.#target(mutator),
      () => this.#spool(mutator),
      // Twice: it is six readers of its own.
      () => this.#identity.run(mutator),
      () => this.#identity.run(mutator),
    ];
    await mutator.one(readers)();
  }

  /** A store as a target has filled it: what the cases of logs begin with. */
  async prepare(): Promise<void> {
    await this.#identity.prepare();
    await this.#history.prepare();
    const store = this.#store('kept');
    store.open();
    const { stdout, stderr } = store.outputs();
    store.began();
    store.start();
    for (let at = 0; at < 50; at++) appendFileSync(at % 3 ? stdout : stderr, `line ${at} of them\n`);
    await until(() => store.range.last === 50);
    store.ended();
    await store.stop();
  }

  #store(name: string): LogStore {
    return new LogStore({
      dir: join(this.place, name),
      segmentBytes: 64 * 1024,
      maxBytes: 1024 * 1024,
      maxAgeMs: null,
      capture: 'files',
      clock: systemClock,
    });
  }

  #write(name: string, bytes: Buffer): string {
    const file = join(this.#dir, name);
    writeFileSync(file, bytes);
    return file;
  }

  #settings(mutator: Mutator): void {
    const file = this.#write('.env', mutator.bytes(FILES.env.map(Buffer.from as (text: string) => Buffer)));
    told(() => loadNode({ file, env: {}, cwd: this.#dir }));
  }

  #tree(mutator: Mutator): void {
    const file = this.#write('tree.yaml', mutator.bytes(FILES.tree.map(text => Buffer.from(text))));
    told(() => loadTree({ file, env: {}, cwd: this.#dir }));
  }

  #alerts(mutator: Mutator): void {
    const file = this.#write('alerts.yaml', mutator.bytes(FILES.alerts.map(text => Buffer.from(text))));
    told(() => loadAlerts(file, { X: 'x' }));
  }

  async #alertsKept(mutator: Mutator): Promise<void> {
    const file = this.#write('alerts.json', mutator.bytes(FILES.alertsKept.map(text => Buffer.from(text))));
    const { alerts, queue } = new AlertsDisk(file, () => {}).open();
    for (const notice of queue) inWords(notice);
    await new AlertsDisk(file, broken).save({ alerts, queue });
    reopened(alerts, 0);
  }

  #memory(mutator: Mutator): void {
    const file = this.#write('commands.jsonl', mutator.bytes(FILES.commands.map(text => Buffer.from(text))));
    const memory = new CommandMemory(file);
    memory.unfinished();
    memory.get('b');
    memory.set(STAGE, Date.now());
    if (!new CommandMemory(file).get('later')) throw new Error('what was written after it is lost');
  }

  #orders(mutator: Mutator): void {
    const file = this.#write('orders.json', mutator.bytes(FILES.orders.map(text => Buffer.from(text))));
    new OrderStore(file).all();
  }

  #roster(mutator: Mutator): void {
    const file = this.#write('roster.jsonl', mutator.bytes(FILES.roster.map(text => Buffer.from(text))));
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const open = () => {
      const registry = new Registry();
      return { registry, roster: new Roster(file, { registry, clock: systemClock, most: 100, log }) };
    };
    const { registry, roster } = open();
    roster.retained();
    for (const record of registry.all()) verdict(registry, record);
    registry.applyState('later', LATER, moment(systemClock));
    roster.state(registry.get('later') as NodeRecord);
    roster.stop();
    if (!open().registry.get('later')) throw new Error('what was written after it is lost');
    for (const name of readdirSync(this.#dir))
      if (name.includes('.bad-')) rmSync(join(this.#dir, name), { recursive: true });
  }

  async #state(mutator: Mutator): Promise<void> {
    this.#write('installation.json', mutator.bytes(FILES.installation.map(text => Buffer.from(text))));
    this.#write('maintenance.json', mutator.bytes(FILES.maintenance.map(text => Buffer.from(text))));
    this.#write('desired', mutator.bytes(FILES.desired.map(text => Buffer.from(text))));
    const { epoch } = await openInstallation(this.#dir, 1_790_000_000_001);
    if (!Number.isSafeInteger(epoch)) throw new Error(`an epoch of ${epoch}`);
    new MaintenanceState(this.#dir, systemClock).close();
    new DesiredState(this.#dir).get();
  }

  async #target(mutator: Mutator): Promise<void> {
    this.#write('target.run', mutator.bytes(FILES.target.map(text => Buffer.from(text))));
    const pid = this.#write('canopy.pid', mutator.bytes(FILES.pid.map(text => Buffer.from(text))));
    const record = readRecord(this.#dir);
    // To signal 0, 1 or a negative group would end far more than a target.
    if (record && !(record.pid > 1 && record.group > 1))
      throw new Error(`a target ${JSON.stringify(record)}`);
    readExit(this.#dir, '0123456789abcdef');
    await readPidFile(pid);
  }

  /** A spool whose files are spoilt takes what comes next, and what was seen is not what was never there. */
  #spool(mutator: Mutator): void {
    const dir = join(this.#dir, 'spool');
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    const message = {
      topic: 'canopy/rack1/evt',
      payload: Buffer.from('{"v":1}'),
      qos: 1,
      retain: false,
    } as const;
    const segment = Buffer.concat([HEADER, encode(message), encode({ ...message, retain: true })]);
    writeFileSync(join(dir, '0000000001.spool'), mutator.bytes([segment]));
    writeFileSync(join(dir, 'position.json'), mutator.bytes([Buffer.from(POSITION)]));
    const options = { dir, maxBytes: 1e6, now: () => Date.now() };
    const spool = new Spool(options);
    spool.add(message);
    const { size } = spool;
    spool.close();
    if (new Spool(options).size !== size) throw new Error('what was added to it is lost');
    new Seen(this.#write('seen.jsonl', mutator.bytes([Buffer.from(SEEN)]))).take('canopy/web/evt', {
      epoch: 1,
      seq: 1,
    });
  }

  /** One file of a store spoilt; it is opened, read, and written on. */
  async #logs(mutator: Mutator): Promise<void> {
    const dir = join(this.place, 'logs');
    rmSync(dir, { recursive: true, force: true });
    cpSync(join(this.place, 'kept'), dir, { recursive: true });
    const files = (readdirSync(dir, { recursive: true, withFileTypes: true }) as unknown as Entry[]).filter(
      entry => entry.isFile(),
    );
    const spoilt = mutator.one(files);
    const file = join(spoilt.parentPath, spoilt.name);
    writeFileSync(file, mutator.bytes([readFileSync(file)]));
    const store = this.#store('logs');
    store.open();
    const { stdout } = store.outputs();
    store.began();
    store.start();
    const before = store.range.last ?? 0;
    appendFileSync(stdout, '\none more\n');
    await until(() => (store.range.last ?? 0) > before, 5000, `a line behind a spoilt ${spoilt.name}`);
    store.ended();
    await store.stop();
  }
}

interface Entry {
  readonly name: string;
  readonly parentPath: string;
  isFile(): boolean;
}

const broken = (problem: string): never => {
  throw new Error(problem);
};

function told(load: () => unknown): void {
  try {
    load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
