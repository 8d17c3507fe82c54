/** A data directory whose disk became full, or whose files can't be used. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { fill, mountSmall } from '../support/full-disk.js';
import { NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

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

  it('full at a root: it says that its history is in memory, runs, and has all of it once there is room', async t => {
    const box = new Sandbox(t);
    const data_dir = mountSmall(t, '24m');
    if (data_dir === null) return t.skip('needs to mount a tmpfs');
    const root = await startRoot(box, { data_dir });
    const client = await connectAsync(`mqtt://127.0.0.1:${root.port}`);
    t.after(() => client.endAsync(true));
    let sent = 0;
    const some = async (count: number): Promise<void> => {
      for (const end = sent + count; sent < end; sent++) {
        const event = { v: 1, epoch: 1, seq: sent, ts: Date.now(), event: 'load', reason: 'x'.repeat(900) };
        await client.publishAsync('canopy/load/evt', JSON.stringify(event), { qos: 1 });
      }
    };
    const kept = async () => (await root.rest.get('/api/v1/events?limit=1')).body.kept;
    const metric = async (name: string) =>
      Number(new RegExp(`^${name} (.*)$`, 'm').exec((await root.rest.get('/metrics')).body)?.[1]);
    await some(50);
    assert.deepEqual([await kept(), await metric('canopy_history_ok')], ['disk', 1]);
    fill(data_dir);
    await until(async () => {
      await some(50);
      return (await kept()) === 'memory';
    }, 30_000);
    assert.equal(await metric('canopy_history_ok'), 0);
    await some(50);
    rmSync(join(data_dir, 'filler'));
    await until(async () => (await kept()) === 'disk', 30_000);
    assert.equal(await metric('canopy_history_ok'), 1);
    await some(50);
    // What was shown survives.
    assert.equal(await kept(), 'disk');
    await root.crash();
    await root.up();
    const seqs: number[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = `event=load&order=oldest&limit=1000${cursor && `&cursor=${cursor}`}`;
      const { body } = await root.rest.get(`/api/v1/events?${query}`);
      seqs.push(...body.events.map(({ seq }: { seq: number }) => seq));
      cursor = body.nextCursor;
    }
    assert.deepEqual(
      seqs,
      Array.from({ length: sent }, (_, seq) => seq),
    );
    const { events } = (await root.rest.get('/api/v1/events?event=history&order=oldest')).body;
    assert.deepEqual(
      events.map(({ code }: { code: string }) => code),
      ['history-unwritable', 'history-writable'],
    );
    const logged = root.log.filter(({ code }) => String(code).startsWith('history-'));
    assert.deepEqual(
      logged.map(({ code, level }) => [code, level]),
      [
        ['history-unwritable', 50],
        ['history-writable', 30],
      ],
    );
  });

  it('a file that is a directory is named, with the setting', async t => {
    const box = new Sandbox(t);
    for (const name of ['commands.jsonl', 'target.run', 'canopy.pid', 'installation.json']) {
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
