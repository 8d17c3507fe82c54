/** A data directory whose disk became full, or whose files can't be used. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fill, mountSmall } from '../support/full-disk.js';
import { NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const skip = process.platform !== 'linux' && 'needs /proc';

describe('the data directory', { skip }, () => {
  it('full: a leaf that was killed -9 comes back and takes its target over', async t => {
    const box = new Sandbox(t);
    const data_dir = mountSmall(t);
    if (data_dir === null) return t.skip('needs to mount a tmpfs');
    const root = await startRoot(box);
    const leaf = await startLeaf(box, root, { name: 'web', target: STEADY, data_dir });
    const { pid } = await root.rest.expect('web', it => it.status === 'up' && it.pid !== null);
    await leaf.crash();
    fill(data_dir);
    await leaf.up();

    await root.rest.expect(
      'web',
      it => it.link === 'online' && it.reason === 'adopted from an earlier leaf' && it.pid === pid,
    );
  });

  it('a file that is a directory is named, with the setting', async t => {
    const box = new Sandbox(t);
    for (const name of ['commands.jsonl', 'target.pid', 'canopy.pid', 'installation.json']) {
      const data_dir = box.path('data');
      mkdirSync(join(data_dir, name), { recursive: true });
      const leaf = new NodeProcess(box, {
        role: 'leaf',
        name: 'web',
        parent_port: 1,
        target: STEADY,
        data_dir,
      });
      leaf.launch();
      assert.equal((await leaf.end()).code, 2, name);
      assert.match(leaf.output, /CANOPY_DATA_DIR.*found .*EISDIR/);
      assert.ok(leaf.output.includes(join(data_dir, name)), leaf.output);
      rmSync(data_dir, { recursive: true });
    }
  });
});
