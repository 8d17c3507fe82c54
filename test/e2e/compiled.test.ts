/** What V8 has compiled is kept for the next start, and never taken for another program: on a copy of the built command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as modules from 'node:module';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CLI } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';

const skip = 'enableCompileCache' in modules && 'this Node does it by itself';
const top = join(dirname(CLI), '../../..');

describe('compiled code', { skip }, () => {
  const box = new Sandbox({ after });
  const home = box.path('dist/src/cli');
  const cache = join(home, 'compiled', `${process.version}-${process.arch}`);
  const isPart = (file: string): boolean => file === dirname(CLI) || file.endsWith('.cjs');
  cpSync(dirname(CLI), home, { recursive: true, filter: isPart });
  cpSync(join(top, 'package.json'), box.path('package.json'));
  symlinkSync(join(top, 'node_modules'), box.path('node_modules'));

  const run = async (words: string[], until: RegExp | null): Promise<string> => {
    const env = box.env({ CANOPY_NAME: 'root', CANOPY_PORT: '0', CANOPY_REST_PORT: '0' });
    const node = spawn(process.execPath, [join(home, 'canopy.cjs'), ...words], { cwd: box.dir, env });
    let said = '';
    for (const pipe of [node.stdout, node.stderr])
      pipe.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (until?.test(said)) node.kill('SIGTERM');
      });
    const code = await new Promise(resolve => node.once('close', resolve));
    assert.equal(code, 0, said);
    return said;
  };
  const start = () => run(['run'], /"msg":"up"/);
  /** Which file there is: one that is written anew is another. */
  const files = (): Record<string, number> =>
    Object.fromEntries(readdirSync(cache).map(name => [name, statSync(join(cache, name)).ino]));
  const KEPT = 'start-part.cjs';

  it('is kept by the first start, and taken by the next', async () => {
    await start();
    const kept = files();
    assert.ok(KEPT in kept && 'entry.cjs' in kept, Object.keys(kept).join());
    await start();
    assert.deepEqual(files(), kept);
  });

  it('grows by what another command has use for, once', async () => {
    const leaf = '{ name: leaf, target: sleep 3600 }';
    writeFileSync(box.path('tree.yaml'), `name: root\nport: 0\nrest_port: 0\nchildren: [${leaf}]\n`);
    const up = () => run(['up'], /Ctrl-C stops all of it/);
    const first = files()[KEPT];
    await up();
    assert.notEqual(files()[KEPT], first);
    // The next one finds a data directory; but then there is nothing new to come to it.
    for (const next of [up, start]) await next();
    const grown = files();
    for (const next of [up, start]) await next();
    assert.deepEqual(files(), grown);
  });

  it('of another text of the same length is not taken', async () => {
    const entry = join(home, 'entry.cjs');
    const text = readFileSync(entry, 'utf8');
    writeFileSync(entry, text.replace('Health monitor', 'HEALTH MONITOR'));
    assert.match(await run(['--help'], null), /HEALTH MONITOR/);
    writeFileSync(entry, text);
  });

  for (const [what, damage] of [
    ['damaged', (data: Buffer) => data.fill(0xa5, data.length / 2, data.length / 2 + 64)],
    ['cut off', (data: Buffer) => data.subarray(0, data.length / 2)],
    ['empty', (data: Buffer) => data.subarray(0, 0)],
  ] as const)
    it(`${what} is made anew`, async () => {
      const before = files();
      writeFileSync(join(cache, KEPT), damage(readFileSync(join(cache, KEPT))));
      await start();
      const now = files();
      assert.notEqual(now[KEPT], before[KEPT]);
      assert.deepEqual({ ...now, [KEPT]: 0 }, { ...before, [KEPT]: 0 });
      await start();
      assert.deepEqual(files(), now);
    });

  const isRoot = process.getuid?.() === 0;
  it('is not left by root in what is not his', { skip: !isRoot && 'needs root' }, async () => {
    rmSync(join(home, 'compiled'), { recursive: true });
    chownSync(home, 65534, 65534);
    await start();
    assert.ok(!existsSync(join(home, 'compiled')));
    chownSync(home, 0, 0);
  });

  it('leaves nothing half written where there is no room', async () => {
    await start();
    rmSync(cache, { recursive: true });
    // Nothing takes the place of a directory.
    mkdirSync(join(cache, 'entry.cjs', 'full'), { recursive: true });
    await start();
    assert.deepEqual(Object.keys(files()), ['entry.cjs']);
  });

  it('is done without where it can not be written', async () => {
    rmSync(join(home, 'compiled'), { recursive: true });
    writeFileSync(join(home, 'compiled'), '');
    await start();
    rmSync(join(home, 'compiled'));
    mkdirSync(join(home, 'compiled'));
  });
});
