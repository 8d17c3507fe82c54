import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeOf } from '../../../src/alerts/id.js';
import { NO_ALERTS, type Notice } from '../../../src/core/alert.js';
import { PATHS, rule, World } from './support.js';

test('told after `for`, once, and that it is over once', () => {
  const world = World.of(rule());
  world.set('edge', { own: 'down' });
  world.look();
  world.pass(9);
  assert.deepEqual(world.said, []);
  world.pass(1);
  assert.deepEqual(world.said, ['firing edge']);
  world.pass(100);
  world.set('edge', { own: 'up' });
  world.pass(5);
  assert.deepEqual(world.said, ['firing edge', 'resolved edge']);
  assert.deepEqual(world.told, world.said);
  const [firing, resolved] = world.notices as [Notice, Notice];
  assert.equal(firing.alert.id, resolved.alert.id);
  assert.notEqual(firing.key, resolved.key);
});

test('up for a moment within `for` begins it anew', () => {
  const world = World.of(rule());
  world.set('edge', { own: 'down' });
  world.pass(8);
  world.set('edge', { own: 'up' });
  world.set('edge', { own: 'down' });
  world.pass(8);
  assert.deepEqual(world.said, []);
  world.pass(3);
  assert.deepEqual(world.said, ['firing edge']);
});

test('one outage is one alert: of the hop, with the count behind it', () => {
  const world = World.of(rule({ forMs: 3000 }));
  world.set('rack1/web', { own: 'down' });
  world.pass(1);
  world.set('rack1', { own: 'down' });
  world.set('rack1/api', { own: 'down' });
  world.pass(60);
  assert.deepEqual(world.said, ['firing rack1']);
  assert.equal(world.notices[0]?.alert.hidden, 2);
  world.set('rack1', { own: 'up' });
  world.pass(4);
  assert.deepEqual(world.said, ['firing rack1', 'resolved rack1'], 'not at once: it may be handed over');
  world.pass(10);
  assert.deepEqual(world.said.slice(2).sort(), ['firing rack1/api', 'firing rack1/web']);
});

test('an open one stays open while it is hidden, and is over when that is known', () => {
  const world = World.of(rule({ forMs: 0, remindMs: 5000 }));
  world.set('rack1/web', { own: 'down' });
  world.look();
  world.set('rack1', { own: 'down' });
  world.look();
  world.set('rack1/web', { own: 'up' });
  world.pass(4);
  assert.deepEqual(world.said, ['firing rack1/web', 'firing rack1']);
  world.set('rack1', { own: 'up' });
  world.pass(1);
  assert.deepEqual(world.said.slice(2).sort(), ['resolved rack1', 'resolved rack1/web']);
});

test('maintenance holds it until that is over', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down', maintenance: true });
  world.pass(20);
  assert.deepEqual(world.said, []);
  world.set('edge', { maintenance: false });
  world.pass(1);
  assert.deepEqual(world.said, ['firing edge']);
});

test('flapping holds all but a rule for it, recoveries too', () => {
  const world = World.of(rule({ forMs: 0 }), rule({ name: 'flaps', statuses: ['flapping'], forMs: 2000 }));
  world.set('edge', { own: 'down' });
  world.look();
  for (let turn = 0; turn < 10; turn++) {
    world.set('edge', { own: turn % 2 ? 'down' : 'up', flapping: true });
    world.pass(1);
  }
  assert.deepEqual(
    world.notices.map(({ kind, alert }) => `${kind} ${alert.rule}`),
    ['firing node-down', 'firing flaps'],
  );
  world.set('edge', { own: 'up', flapping: false });
  world.pass(1);
  assert.deepEqual(
    world.notices.slice(2).map(({ kind, alert }) => `${kind} ${alert.rule}`),
    ['resolved node-down', 'resolved flaps'],
  );
});

test('what begins while it flaps goes out when that is over, if it still holds', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down', flapping: true });
  world.pass(20);
  assert.deepEqual(world.said, []);
  world.set('edge', { flapping: false });
  world.pass(1);
  assert.deepEqual(world.said, ['firing edge']);
});

test('one that both have told stays what it is here: its acknowledgement too', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down' });
  world.look();
  const [{ alert }] = world.notices as [Notice];
  world.take({ kind: 'ack', id: alert.id, by: 'ops' });
  world.take({ kind: 'adopt', alert, duty: { is: 'all' } });
  assert.equal([...world.model.open.values()][0]?.alert.acked?.by, 'ops');
});

test('late alerts only where a rule names it', () => {
  const [plain, named] = [World.of(rule({ forMs: 0 })), World.of(rule({ statuses: ['late'], forMs: 0 }))];
  for (const world of [plain, named]) {
    world.set('edge', { late: true });
    world.pass(2);
  }
  assert.deepEqual([plain.said, named.said], [[], ['firing edge']]);
});

test('reminders until it is acknowledged', () => {
  const world = World.of(rule({ forMs: 0, remindMs: 60_000 }));
  world.set('edge', { own: 'down' });
  world.pass(125);
  assert.deepEqual(
    world.notices.map(({ key }) => key.split(':')[1]),
    ['firing', 'reminder-1', 'reminder-2'],
  );
  const id = world.notices[0]?.alert.id ?? '';
  world.take({ kind: 'ack', id, by: 'ops' });
  world.take({ kind: 'ack', id, by: 'later' });
  assert.deepEqual(world.told, ['firing edge', 'acked edge']);
  world.pass(600);
  assert.equal(world.notices.length, 3);
  world.set('edge', { own: 'up' });
  world.look();
  assert.equal(world.notices.at(-1)?.alert.acked?.by, 'ops');
});

test('what is forgotten, or whose rule is gone, is over', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down' });
  world.look();
  world.forget('edge');
  world.look();
  assert.equal(world.notices.at(-1)?.because, 'the node was forgotten');
  world.set('rack1/web', { own: 'down' });
  world.look();
  const model = world.model;
  const without = new World(NO_ALERTS);
  without.model = model;
  without.look();
  assert.equal(without.notices.at(-1)?.because, 'its rule is gone');
});

/** What root and relay see of one outage, each with its own name and paths: the ids are the same. */
test('a relay comes to the same id as its parent', () => {
  const [root, relay] = [
    World.of(rule({ forMs: 0 })),
    new World({ ...NO_ALERTS, rules: [rule({ forMs: 0 })] }, 'rack1'),
  ];
  root.set('rack1/web', { own: 'down', ts: 42 });
  relay.set('edge', { own: 'down', ts: 42 });
  root.look();
  relay.look();
  const [above, same] = [root.notices[0]?.alert, relay.notices[0]?.alert];
  assert.notEqual(above?.id, same?.id, 'another node');
  assert.equal(placeOf('web', 'rack1'), placeOf('rack1/web', 'root'));
  assert.equal(placeOf('rack2/web', 'rack1'), placeOf('rack1/rack2/web', 'root'));
  const again = new World({ ...NO_ALERTS, rules: [rule({ forMs: 0 })] }, 'rack1');
  again.set('rack1/web', { own: 'down', ts: 42 });
  again.look();
  assert.equal(again.notices[0]?.alert.id, above?.id);
});

test('a relay takes over what fell due since the last word of its parent, and what falls due from then on', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.duty = { is: 'none' };
  world.set('rack1/web', { own: 'down' });
  world.pass(60);
  world.set('edge', { own: 'down' });
  world.pass(3);
  assert.deepEqual(world.said, []);
  world.duty = { is: 'cut', heardMono: world.now - 1000 };
  world.pass(1);
  assert.deepEqual(world.said, ['firing edge'], 'the older one is told by the parent');
  world.set('rack1/api', { own: 'down' });
  world.pass(1);
  assert.deepEqual(world.said, ['firing edge', 'firing rack1/api']);
  world.pass(30);
  assert.equal(world.said.length, 2);
  world.duty = { is: 'none' };
  world.take({ kind: 'handed', ids: world.notices.map(({ alert }) => alert.id) });
  world.set('edge', { own: 'up' });
  world.pass(5);
  assert.equal(world.said.length, 2, 'its end is told by the parent');
});

test('what is handed over is not told again, and its end is', () => {
  const relay = World.of(rule({ forMs: 0 }));
  relay.set('rack1/web', { own: 'down' });
  relay.look();
  const [{ alert }] = relay.notices as [Notice];
  const root = World.of(rule({ forMs: 10_000 }));
  root.set('rack1', { own: 'down' });
  root.set('rack1/web', { own: 'down' });
  root.pass(20);
  root.set('rack1', { own: 'up' });
  root.pass(1);
  root.take({ kind: 'adopt', alert, duty: { is: 'all' } });
  root.take({ kind: 'adopt', alert, duty: { is: 'all' } });
  root.pass(30);
  root.set('rack1/web', { own: 'up' });
  root.pass(1);
  assert.deepEqual(root.said, ['firing rack1', 'resolved rack1', 'resolved rack1/web']);
  assert.equal(root.notices.at(-1)?.key, `${alert.id}:resolved`);
});

const arbChange = fc.record({
  path: fc.constantFrom(...PATHS),
  own: fc.constantFrom('up', 'down', 'degraded', 'stopped', 'unknown' as const),
  flapping: fc.boolean(),
  maintenance: fc.boolean(),
  wait: fc.integer({ min: 0, max: 15 }),
});

type Change = typeof arbChange extends fc.Arbitrary<infer T> ? T : never;

/** Each as it comes: what is hidden is not told, nothing before its time. */
class Checker {
  private readonly downSince = new Map<string, number>();

  constructor(readonly world: World) {}

  apply({ path, own, flapping, maintenance, wait }: Change): void {
    if (own === 'down' && !this.downSince.has(path)) this.downSince.set(path, this.world.now);
    if (own !== 'down' && own !== 'unknown') this.downSince.delete(path);
    this.world.set(path, { own, flapping, maintenance });
    for (let at = 0; at < wait; at++) this.look();
  }

  look(): void {
    const before = this.world.notices.length;
    this.world.pass(1);
    for (const notice of this.world.notices.slice(before)) if (notice.kind !== 'resolved') this.check(notice);
  }

  private check({ kind, alert: { path, rule } }: Notice): void {
    const { world } = this;
    assert.ok(!['unreachable', 'unknown'].includes(world.status(path)), `${kind} of hidden ${path}`);
    if (rule !== 'node-down' || kind !== 'firing') return;
    assert.ok(world.now - (this.downSince.get(path) ?? world.now) >= 10_000, 'before its time');
  }
}

/** Of each alert: firing, then reminders, then resolved, then perhaps the next. */
function checkTurns(notices: readonly Notice[]): void {
  const open = new Set<string>();
  for (const { kind, alert } of notices) {
    const key = `${alert.rule} ${alert.path}`;
    assert.equal(open.has(key), kind !== 'firing', `${kind} of ${key}`);
    if (kind === 'firing') open.add(key);
    if (kind === 'resolved') open.delete(key);
  }
  assert.deepEqual([...open], []);
}

test('whatever happens: nothing hidden is told, nothing before its time, and each told thing ends once', () => {
  const odd = rule({ name: 'odd', statuses: ['flapping', 'degraded'], forMs: 0 });
  let told = 0;
  fc.assert(
    fc.property(fc.array(arbChange, { maxLength: 40 }), changes => {
      const checker = new Checker(World.of(rule({ remindMs: 20_000 }), odd));
      const { world } = checker;
      for (const change of changes) checker.apply(change);
      for (const path of PATHS) world.set(path, { own: 'up', flapping: false, maintenance: false });
      checker.look();
      checker.look();
      assert.equal(world.model.open.size, 0);
      checkTurns(world.notices);
      told += world.notices.length;
    }),
    { numRuns: 500 },
  );
  assert.ok(told > 500, `a run that tells nothing shows nothing: ${told}`);
});
