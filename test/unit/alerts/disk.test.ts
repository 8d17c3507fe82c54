import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AlertsDisk, type Kept } from '../../../src/alerts/disk.js';
import { rule, World } from './support.js';

const dir = mkdtempSync(join(tmpdir(), 'canopy-alerts-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(dir, `${++made}`, 'alerts.json');

function kept(): Kept {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down' });
  world.look();
  return { alerts: world.notices.map(({ alert }) => alert), queue: world.notices };
}

const opened = (file: string): { found: Kept; problems: string[] } => {
  const problems: string[] = [];
  return { found: new AlertsDisk(file, problem => problems.push(problem)).open(), problems };
};

test('what is saved is there again, the newest of many saves at once', async () => {
  const file = fresh();
  const disk = new AlertsDisk(file, problem => assert.fail(problem));
  assert.deepEqual(disk.open(), { alerts: [], queue: [] });
  const last = kept();
  await Promise.all([
    disk.save({ alerts: [], queue: [] }),
    disk.save({ alerts: [], queue: last.queue }),
    disk.save(last),
  ]);
  assert.deepEqual(opened(file), { found: last, problems: [] });
  const done = disk.save({ alerts: [], queue: [] });
  await done;
  assert.deepEqual(opened(file).found.alerts, []);
});

for (const [what, text, said] of [
  ['truncated', '{"version":1,"alerts":[{"id"', /expected JSON, found/],
  ['of a newer version', '{"version":2}', /expected version 1, found 2/],
  ['none of ours', '[]', /expected version 1, found none/],
  ['spoilt', '{"version":1,"alerts":[{}],"queue":[]}', /expected a list of alerts/],
  ['half spoilt', '{"version":1,"alerts":[],"queue":[7]}', /expected a list of messages/],
] as const)
  test(`one that is ${what} is set aside, and said so`, () => {
    const file = fresh();
    mkdirSync(join(file, '..'));
    writeFileSync(file, text);
    const { found, problems } = opened(file);
    assert.deepEqual(found, { alerts: [], queue: [] });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', said);
    assert.equal(readFileSync(`${file}.unread`, 'utf8'), text);
    assert.ok(!existsSync(file));
  });

test('where it can’t be written it is said once, and nothing is thrown', async () => {
  const file = fresh();
  const problems: string[] = [];
  const disk = new AlertsDisk(file, problem => problems.push(problem));
  disk.open();
  // A directory in its place: what stops root as well.
  mkdirSync(`${file}.new`);
  await disk.save(kept());
  await disk.save(kept());
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /alerts go on/);
  rmSync(`${file}.new`, { recursive: true });
  await disk.save(kept());
  assert.equal(opened(file).found.alerts.length, 1);
  chmodSync(file, 0o600);
});
