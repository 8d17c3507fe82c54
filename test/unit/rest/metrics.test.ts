import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from '../../../src/rest/metrics.js';
import { People } from './people.js';
import { serve } from './support.js';

test('the text format of Prometheus, whatever a label holds', () => {
  const text = metricsText([
    {
      name: 'a_total',
      type: 'counter',
      help: 'What.',
      values: [
        [{ code: 'x"\\\n' }, 3],
        [{}, 0.5],
      ],
    },
    { name: 'none', type: 'gauge', help: 'Nothing.', values: [] },
  ]);
  assert.equal(
    text,
    '# HELP a_total What.\n# TYPE a_total counter\na_total{code="x\\"\\\\\\n"} 3\na_total 0.5\n',
  );
});

test('they are for who may see everything', async t => {
  const metrics = [{ name: 'a', type: 'gauge', help: 'A.', values: [[{}, 1]] }] as const;
  const served = await serve({ authenticator: new People(), metrics: () => metrics });
  t.after(() => served.close());
  const ask = (token: string) =>
    served.app.inject({ method: 'GET', url: '/metrics', headers: { authorization: `Bearer ${token}` } });
  const answer = await ask('viewer');
  assert.deepEqual([answer.statusCode, answer.body], [200, '# HELP a A.\n# TYPE a gauge\na 1\n']);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.equal((await ask('admin@rack1')).statusCode, 403);
});
