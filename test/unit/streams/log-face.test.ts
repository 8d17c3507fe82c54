import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import { decode } from '../../../src/protocol/codec.js';
import { LogFace } from '../../../src/streams/log-face.js';
import { MemoryLog } from '../../support/memory-log.js';
import { until } from '../../support/wait.js';
import { isOnline, quiet, startHub, startLeaf } from './support.js';

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

/** A root with a leaf, and clients that are what the test says. */
async function place({ leaseMs = 30_000, isCarriedOn = false } = {}) {
  const root = await startHub();
  cleanups.push(() => root.close());
  const log = new MemoryLog();
  const leaf = startLeaf(root.port, 'web', log);
  cleanups.push(() => leaf.close());
  await isOnline(root, 'web');
  const clients = { holds: false, hears: false };
  const face = new LogFace({
    hub: root.hub,
    link: root.link,
    registry: root.registry,
    clock: systemClock,
    audience: { asksFor: () => clients.holds, hears: () => clients.hears },
    isCarriedOn: () => isCarriedOn,
    ready: async () => {},
    log: quiet,
    leaseMs,
  });
  cleanups.push(() => face.stop());
  const lines: string[] = [];
  await root.link.subscribe(['canopy/web/log'], ({ payload }) => {
    for (const { line } of decode('log', payload).lines ?? []) lines.push(line);
  });
  return { face, log, lines, clients };
}
const QUERY = { tail: 2, follow: true };

describe('a follow', () => {
  test('is heeded while somebody listens, and ends with its lease unless it is repeated', async () => {
    const { face, log, lines, clients } = await place({ leaseMs: 1500 });
    log.count(5);
    face.follow('web', QUERY);
    assert.equal(face.says('web'), false, 'nobody would hear it');
    clients.hears = true;
    face.audience('canopy/#');
    await until(() => lines.length === 2);
    face.follow('web', { tail: 5, follow: true });
    log.count(1);
    await until(() => lines.length === 3);
    assert.deepEqual(lines, ['line 4', 'line 5', 'line 6']);
    await until(() => log.open === 0 && !face.says('web'), 5000, 'the lease is over');
  });

  test('begins where it says itself, not where an earlier one did that nobody was left to hear', async () => {
    const { face, log, lines, clients } = await place();
    log.count(5);
    clients.holds = true;
    face.audience('canopy/web/log');
    face.follow('web', { after: 999_999, follow: true });
    clients.holds = false;
    face.audience('canopy/web/log');
    await until(() => !face.says('web'));
    clients.hears = true;
    face.follow('web', QUERY);
    await until(() => lines.length === 2);
    assert.deepEqual(lines, ['line 4', 'line 5']);
  });

  test('is ended by unfollow', async () => {
    const { face, log, clients } = await place();
    clients.hears = true;
    face.follow('web', QUERY);
    await until(() => log.open === 1);
    face.unfollow('web');
    await until(() => log.open === 0);
  });

  test('is heeded unheard where what is said is carried on', async () => {
    const { face, log, lines } = await place({ isCarriedOn: true });
    log.count(1);
    face.follow('web', QUERY);
    await until(() => lines.length === 1);
  });

  test('from where there is nothing yet keeps nobody from the log', async () => {
    const { face, log, lines, clients } = await place();
    Object.assign(clients, { holds: true, hears: true });
    face.follow('web', { after: 99, follow: true });
    await until(() => log.open === 1, 5000, 'it is said from now on');
    log.count(1);
    await until(() => lines.length === 1);
  });
});

test('a client that holds the very topic is told, and a leaf that comes later too', async () => {
  const { face, log, lines, clients } = await place();
  face.audience('canopy/web/log');
  clients.holds = true;
  face.audience('canopy/web/log');
  await until(() => log.open === 1);
  log.count(2);
  await until(() => lines.length === 2);
  clients.holds = false;
  face.audience('canopy/web/log');
  await until(() => log.open === 0);
});
