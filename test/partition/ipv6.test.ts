/** Whoever has one network of IPv6 has 2^64 addresses, and is one caller all the same. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { Network, noNetwork } from '../support/net/network.js';
import { NodeProcess } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

/** Opens connections from these addresses, and says as JSON which were ended. */
const CALLER = `
const { connect } = require('node:net');
const ended = [];
for (const localAddress of process.argv.slice(1))
  connect({ host: '::1', port: 1883, localAddress }).on('error', () => {}).on('close', () => ended.push(localAddress)).resume();
setInterval(() => console.log(JSON.stringify(ended)), 100);
`;

describe('callers by IPv6', { skip: noNetwork() }, () => {
  const net = new Network({ after }, ['one']);
  const box = new Sandbox({ after });

  it('of one /64 count together, those of another do not', async () => {
    const addresses = ['fd00:1::1', 'fd00:1::2', 'fd00:1::3', 'fd00:2::1'];
    const [command = '', ...words] = net.on('one');
    for (const address of addresses)
      execFileSync(command, [...words, 'ip', '-6', 'addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad']);
    const settings = { role: 'root', name: 'root', data_dir: box.path('root'), host: '::1', port: 1883 };
    await new NodeProcess(box, { ...settings, rest_port: 8004, max_per_address: 2 }, net.on('one')).up();
    const caller = spawn(command, [...words, process.execPath, '-e', CALLER, ...addresses], {
      env: box.env(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    caller.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = () => JSON.parse(said.trimEnd().split('\n').at(-1) || '[]') as string[];
    await until(() => ended().length > 0, 5000, 'one of three is ended');
    assert.equal(ended().length, 1);
    assert.match(ended()[0] ?? '', /^fd00:1::/);
  });
});
