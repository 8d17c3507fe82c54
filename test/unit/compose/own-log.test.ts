import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { NodeContainer } from '../../../src/compose/container.js';
import { ownLogStep } from '../../../src/compose/own-log.js';
import { CLOCK, LOG, OWN_LOG, SETTINGS } from '../../../src/compose/tokens.js';
import type { NodeSettings } from '../../../src/config/settings.js';
import { systemClock } from '../../../src/core/clock.js';
import { LineText } from '../../../src/protocol/log-text.js';
import { until } from '../../support/wait.js';

function open(t: TestContext, { silent = false, dir = mkdtempSync(join(tmpdir(), 'own-log-')) } = {}) {
  t.after(() => dir.startsWith(tmpdir()) && rmSync(dir, { recursive: true, force: true }));
  const written: string[] = [];
  const first = pino({ base: null }, { write: line => void written.push(line) });
  const log = first.child({ node: 'web' });
  const node = new NodeContainer();
  node
    .set(SETTINGS, { silent, dataDir: dir } as NodeSettings)
    .set(CLOCK, systemClock)
    .set(LOG, log);
  const step = ownLogStep(node);
  const kept = async (): Promise<string[]> => {
    const text = new LineText();
    const lines: string[] = [];
    for await (const item of node.get(OWN_LOG)?.read({}, new AbortController().signal) ?? [])
      if (item.kind === 'lines') lines.push(...text.lines(item).map(({ line }) => JSON.parse(line).msg));
    return lines;
  };
  return { dir, node, step, log, first, written, kept };
}

test('what a node logs is kept beside, its children too, and nobody else is', async t => {
  const { step, log, first, written, kept } = open(t);
  await step.start();
  log.info('one');
  log.child({ deeper: 1 }).warn('two');
  first.info('of another node');
  await until(async () => (await kept()).length === 2);
  assert.deepEqual(await kept(), ['one', 'two']);
  assert.equal(written.length, 3, 'it goes where it went before');
  await step.stop('end');
  log.info('after the end');
  assert.equal(written.length, 4);
});

test('it goes on over a restart', async t => {
  const one = open(t);
  await one.step.start();
  one.log.info('before');
  await one.step.stop('end');
  const two = open(t, { dir: one.dir });
  await two.step.start();
  two.log.info('after');
  await until(async () => (await two.kept()).length === 2);
  assert.deepEqual(await two.kept(), ['before', 'after']);
  await two.step.stop('end');
});

test('a silent node keeps none, nor one that can not write: it starts all the same', async t => {
  const silent = open(t, { silent: true });
  await silent.step.start();
  assert.equal(silent.node.get(OWN_LOG), null);
  await silent.step.stop('end');
  const nowhere = open(t, { dir: '/dev/null/below' });
  await nowhere.step.start();
  assert.equal(nowhere.node.get(OWN_LOG), null);
  assert.match(nowhere.written.join(''), /own log is not kept/);
});
