/** V8 does not optimize while targets are started, and does from then on: on the built command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { CLI } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

test('what a node does often is optimized once it is up', async () => {
  const box = new Sandbox({ after });
  const env = box.env({ CANOPY_NAME: 'root', CANOPY_PORT: '0', CANOPY_REST_PORT: '0' });
  const node = spawn(process.execPath, ['--trace-opt', CLI, 'run'], { cwd: box.dir, env });
  const ended = new Promise(resolve => node.once('close', resolve));
  let said = '';
  for (const pipe of [node.stdout, node.stderr])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  try {
    const rest = (): string | undefined => /"rest":"(http[^"]+)"/.exec(said)?.[1];
    await until(() => rest() !== undefined, 20_000, 'it is up');
    // It is told in blocks of some KB.
    await until(async () => {
      for (let time = 0; time < 50; time++) await (await fetch(`${rest()}/api/v1/nodes`)).text();
      return /completed optimizing/.test(said);
    }, 30_000);
  } finally {
    node.kill('SIGTERM');
    assert.equal(await ended, 0, said.slice(-2000));
  }
});
