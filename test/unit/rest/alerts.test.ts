import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '../../../src/core/alert.js';
import { rule, World } from '../alerts/support.js';
import { People, tokenOf } from './people.js';
import { serve } from './support.js';

function desk() {
  const world = World.of(rule({ forMs: 0 }));
  for (const path of ['rack1/web', 'edge'] as const) world.set(path, { own: 'down' });
  world.look();
  const list = (): Alert[] => [...world.model.open.values()].map(({ alert }) => alert);
  const ack = async (id: string, by: string) => {
    world.take({ kind: 'ack', id, by });
    return list().find(alert => alert.id === id) ?? null;
  };
  const idOf = (path: string): string => list().find(alert => alert.path === path)?.id ?? '';
  return { alerts: { list, ack }, idOf };
}

test('each sees the alerts of his subtree, and acknowledges there as an operator', async () => {
  const { alerts, idOf } = desk();
  const served = await serve({ alerts, authenticator: new People() });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const seen = async (token: string): Promise<string[]> =>
    (await served.ask('GET', '/api/v1/alerts', undefined, as(token))).json.alerts.map((it: Alert) => it.path);
  const ack = (path: string, token: string) =>
    served.ask('POST', `/api/v1/alerts/${idOf(path)}/ack`, {}, as(token));
  assert.deepEqual(await seen(tokenOf('viewer')), ['rack1/web', 'edge']);
  assert.deepEqual(await seen(tokenOf('viewer', 'rack1')), ['rack1/web']);
  const answers = [
    await ack('rack1/web', tokenOf('viewer', 'rack1')),
    await ack('edge', tokenOf('admin', 'rack1')),
    await ack('none', tokenOf('admin')),
    await ack('rack1/web', tokenOf('operator', 'rack1')),
  ];
  assert.deepEqual(
    answers.map(({ status, json }) => [status, json.code ?? json.acked.by]),
    [
      [403, 'not-authorized'],
      [404, 'not-found'],
      [404, 'not-found'],
      [200, 'operator@rack1'],
    ],
  );
  assert.deepEqual(
    served.noted.filter(({ op }) => op === 'ack').map(({ outcome, path, by }) => [outcome, path, by]),
    [
      ['refused', 'rack1/web', 'viewer@rack1'],
      ['refused', 'edge', 'admin@rack1'],
      ['refused', null, 'admin'],
      ['succeeded', 'rack1/web', 'operator@rack1'],
    ],
  );
  await served.close();
});
