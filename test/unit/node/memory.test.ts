import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CommandMemory, type Stage } from '../../../src/node/memory.js';

const HOUR = 3600 * 1000;
const NOW = 1_790_000_000_000;
const stage = (id: string, done = true): Stage =>
  ({ id, op: 'x', status: done ? 'succeeded' : 'accepted', done }) as Stage;
function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-memory-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'sub', 'commands.jsonl');
}

test('survives reopening: the latest stage of each', t => {
  const file = place(t);
  const memory = new CommandMemory(file);
  memory.set(stage('a', false), NOW);
  memory.set(stage('b', false), NOW);
  memory.set(stage('a'), NOW + 1);
  memory.set(stage('__proto__'), NOW + 1);
  const again = new CommandMemory(file);
  assert.deepEqual(
    ['a', 'b', '__proto__', 'c', 'constructor'].map(id => again.get(id)?.done),
    [true, false, true, undefined, undefined],
  );
  assert.equal(new CommandMemory(null).get('a'), undefined);
});

test('a line that was cut off is passed over, and does not take the next one with it', t => {
  const file = place(t);
  new CommandMemory(file).set(stage('a'), NOW);
  appendFileSync(file, '{"at":17900000');
  new CommandMemory(file).set(stage('b'), NOW);
  appendFileSync(file, 'nonsense\nnull\n7\n{}\n{"at":1,"stage":null}\n');
  const again = new CommandMemory(file);
  assert.deepEqual([again.get('a')?.id, again.get('b')?.id], ['a', 'b']);
});

test('at least 1000, and at least 24 h; what is both more and older is forgotten', t => {
  const file = place(t);
  const memory = new CommandMemory(file);
  for (let n = 0; n < 1500; n++) memory.set(stage(`old-${n}`, n > 0), NOW);
  const kept = (of: CommandMemory) =>
    Array.from({ length: 1500 }, (_, n) => of.get(`old-${n}`)).filter(Boolean).length;
  assert.equal(kept(memory), 1500);
  memory.set(stage('young'), NOW + 24 * HOUR);
  assert.equal(kept(memory), 1500, 'as long as they are not older');
  memory.set(stage('late'), NOW + 24 * HOUR + 1);
  assert.equal(kept(memory), 998, 'with the two young ones a thousand');
  assert.equal(memory.get('old-0'), undefined, 'one that never ended does not keep the others');
  assert.ok(memory.get('young') && memory.get('late') && memory.get('old-1499'));
});

test('no more than 50,000, and the file does not grow without end', t => {
  const file = place(t);
  const memory = new CommandMemory(file);
  for (let n = 0; n < 10_000; n++) memory.set(stage(`same-${n % 10}`), NOW);
  const lines = readFileSync(file, 'utf8').split('\n').length;
  assert.ok(lines < 1200, `${lines} lines for ten commands`);
  const again = new CommandMemory(file);
  for (let n = 0; n < 10; n++) assert.ok(again.get(`same-${n}`));
  const many = new CommandMemory(null);
  for (let n = 0; n < 50_001; n++) many.set(stage(`n-${n}`), NOW);
  assert.deepEqual([many.get('n-0'), many.get('n-1')?.id], [undefined, 'n-1']);
  assert.ok(statSync(file).size < 200_000);
});

test('eight megabytes: of long ones the oldest go down to a thousand, then their data, never that they were', t => {
  const file = place(t);
  const memory = new CommandMemory(file);
  const long = (id: string): Stage => ({ ...stage(id), data: { list: 'é'.repeat(10_000) } });
  for (let n = 0; n < 3000; n++) memory.set(long(`n-${n}`), NOW);
  const most = 8 * 1024 * 1024;
  assert.ok(statSync(file).size <= 2 * most + 30_000, `${statSync(file).size} bytes`);
  for (const of of [memory, new CommandMemory(file)]) {
    const kept = Array.from({ length: 3000 }, (_, n) => of.get(`n-${n}`));
    assert.equal(kept.filter(Boolean).length, 1000);
    assert.ok(kept.slice(2000).every(it => it?.done && it.status === 'succeeded'));
    const bytes = kept.reduce((sum, it) => sum + Buffer.byteLength(JSON.stringify(it ?? '')), 0);
    assert.ok(bytes <= most && bytes > most / 2, `${bytes} bytes`);
    assert.ok(kept.at(-1)?.data && !kept[2000]?.data);
  }
});

test('of a file that is far too long, the end is read', t => {
  const file = place(t);
  new CommandMemory(file).set(stage('first'), NOW);
  for (let n = 0; n < 34; n++) appendFileSync(file, `${'x'.repeat(1024 * 1024)}\n`);
  appendFileSync(file, `${JSON.stringify({ at: NOW, stage: stage('last') })}\n`);
  const again = new CommandMemory(file);
  assert.deepEqual([again.get('first'), again.get('last')?.id], [undefined, 'last']);
  again.set(stage('next'), NOW);
  assert.ok(statSync(file).size < 1000, 'and it is written anew');
});

test('what was not ended is listed in order', t => {
  const memory = new CommandMemory(place(t));
  for (const id of ['a', 'b', 'c']) memory.set(stage(id, false), NOW);
  memory.set(stage('b'), NOW);
  assert.deepEqual(
    memory.unfinished().map(({ id }) => id),
    ['a', 'c'],
  );
});

test('what cannot be written is remembered all the same, until the next start', t => {
  const file = place(t);
  const memory = new CommandMemory(file);
  mkdirSync(file);
  memory.set(stage('a'), NOW);
  assert.equal(memory.get('a')?.id, 'a');
});
