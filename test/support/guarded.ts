/** A tree in this process whose brokers ask everybody who he is: root, relay rack1, leaf web below that, leaf db beside it. */
import { mkdirSync } from 'node:fs';
import { pino } from 'pino';
import { CanopyNode } from '../../src/compose/node.js';
import { loadNode } from '../../src/config/load.js';
import { systemClock } from '../../src/core/clock.js';
import type { PersonRole } from '../../src/core/principal.js';
import { AccessStore } from '../../src/identity/access-store.js';
import type { Settings } from './nodes.js';
import { Rest } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { STEADY } from './targets.js';

/** People, and nodes with a secret, that the root knows. */
const PEOPLE: readonly [name: string, role: PersonRole, under: string][] = [
  ['vera', 'viewer', 'rack1'],
  ['vito', 'viewer', 'rack2'],
  ['olga', 'operator', 'rack1'],
  ['oleg', 'operator', ''],
  ['adam', 'admin', ''],
];
const NODES = { spy: 'leaf', rack9: 'relay' } as const;

/** What each has to show, once there is a tree. */
const secrets = new Map<string, string>();
export const secretOf = (name: string): string => secrets.get(name) ?? '';
export const as = (name: string): string[] => ['-u', name, '-P', secretOf(name)];

async function letIn(dataDir: string): Promise<AccessStore> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = new AccessStore(dataDir, systemClock);
  for (const [name, role, under] of PEOPLE)
    secrets.set(name, (await store.createToken({ name, role, under, expiresAt: null })).text);
  for (const [name, is] of Object.entries(NODES))
    secrets.set(name, (await store.createNodeSecret({ name, is, expiresAt: null })).secret);
  return store;
}

export interface Guarded {
  readonly root: CanopyNode;
  readonly rest: Rest;
  readonly port: number;
  /** Of the root. */
  readonly store: AccessStore;
  stop(): Promise<void>;
}

export async function guardedTree(box: Sandbox): Promise<Guarded> {
  const nodes: CanopyNode[] = [];
  const stop = async (): Promise<void> => {
    for (const node of nodes) await node.stop();
  };
  try {
    return { ...(await opened(box, nodes)), stop };
  } catch (error) {
    // Open nodes would keep the test file from ending.
    await stop();
    throw error;
  }
}

async function opened(box: Sandbox, nodes: CanopyNode[]): Promise<Omit<Guarded, 'stop'>> {
  const open = async (settings: Settings, parent?: CanopyNode): Promise<CanopyNode> => {
    const given = Object.entries({
      data_dir: box.path(String(settings.name)),
      hb_interval: 0.3,
      ...settings,
    });
    const env = Object.fromEntries(
      given.map(([key, value]) => [`CANOPY_${key.toUpperCase()}`, String(value)]),
    );
    const loaded = loadNode({ env, cwd: box.dir });
    const log = pino({ level: 'silent' });
    const parentBroker = parent?.broker ?? null;
    const node = new CanopyNode({ settings: loaded.settings, log, env: box.env(), parentBroker });
    nodes.unshift(node);
    await node.start();
    return node;
  };
  const store = await letIn(box.path('root'));
  const root = await open({
    role: 'root',
    name: 'root',
    port: 0,
    rest_port: 0,
    timeout: 1.5,
    auth: 'required',
  });
  const rack1 = await open({ role: 'relay', name: 'rack1', port: 0, timeout: 1.5 }, root);
  await open({ role: 'leaf', name: 'web', target: TALKING }, rack1);
  await open({ role: 'leaf', name: 'db', target: STEADY }, root);
  const rest = new Rest(root.restUrl ?? '', secretOf('adam'));
  await rest.expect('rack1/web', { status: 'up' });
  await rest.expect('db', { status: 'up' });
  return { root, rest, port: root.broker?.address.port ?? 0, store };
}

const TALKING = `sh -c 'while :; do echo hello; sleep 0.1; done'`;
