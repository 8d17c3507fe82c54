/** A tree in this process whose brokers ask everybody who he is: root, relay rack1, leaf web below that, leaf db beside it. */
import { pino } from 'pino';
import { CanopyNode } from '../../src/compose/node.js';
import { AUTHENTICATOR } from '../../src/compose/tokens.js';
import { loadNode } from '../../src/config/load.js';
import type { Authenticator, PersonRole, Principal } from '../../src/core/principal.js';
import type { Settings } from './nodes.js';
import { Rest } from './rest.js';
import type { Sandbox } from './sandbox.js';
import { STEADY } from './targets.js';

const person = (name: string, role: PersonRole, under: string): Principal => ({
  kind: 'person',
  name,
  role,
  under,
});

/** By user name; everybody's secret is `secret-of-` and that name. */
export const WHO: Record<string, Principal> = {
  vera: person('vera', 'viewer', 'rack1'),
  vito: person('vito', 'viewer', 'rack2'),
  olga: person('olga', 'operator', 'rack1'),
  oleg: person('oleg', 'operator', ''),
  adam: person('adam', 'admin', ''),
  spy: { kind: 'node', name: 'spy', is: 'leaf' },
  rack9: { kind: 'node', name: 'rack9', is: 'relay' },
};

export const as = (name: string): string[] => ['-u', name, '-P', `secret-of-${name}`];

const byList: Authenticator = {
  authenticate: async ({ username = '', secret }) => {
    const who = WHO[username];
    if (who && secret === `secret-of-${username}`) return who;
    return { code: 'bad-credentials', reason: 'nobody we know' };
  },
};

export interface Guarded {
  readonly root: CanopyNode;
  readonly rest: Rest;
  readonly port: number;
  stop(): Promise<void>;
}

export async function guardedTree(box: Sandbox): Promise<Guarded> {
  const nodes: CanopyNode[] = [];
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
    node.container.set(AUTHENTICATOR, byList);
    nodes.unshift(node);
    await node.start();
    return node;
  };
  const root = await open({ role: 'root', name: 'root', port: 0, rest_port: 0, timeout: 1.5 });
  const rack1 = await open({ role: 'relay', name: 'rack1', port: 0, timeout: 1.5 }, root);
  await open({ role: 'leaf', name: 'web', target: TALKING }, rack1);
  await open({ role: 'leaf', name: 'db', target: STEADY }, root);
  const stop = async (): Promise<void> => {
    for (const node of nodes) await node.stop();
  };
  const rest = new Rest(root.restUrl ?? '');
  await rest.expect('rack1/web', { status: 'up' });
  await rest.expect('db', { status: 'up' });
  return { root, rest, port: root.broker?.address.port ?? 0, stop };
}

const TALKING = `sh -c 'while :; do echo hello; sleep 0.1; done'`;
