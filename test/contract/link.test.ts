import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Link, Message } from '../../broker/link.js';
import { LocalParent } from '../../broker/local-parent.js';
import { MqttLink } from '../../broker/mqtt-link.js';
import { collect, inState, message, startBroker, texts } from '../support/broker.js';
import { startMosquitto } from '../support/mosquitto.js';
import { until } from '../support/wait.js';

/** One suite for all links: what is built on a Link may not care which one it has. */

interface Side {
  make(options: { will?: Message }): Link;
  stop(): Promise<void>;
}

let serial = 0;

const overMqtt = (url: string, stop: () => Promise<void>): Side => ({
  make: options => new MqttLink({ url, clientId: `contract-${process.pid}-${++serial}`, ...options }),
  stop,
});

const sides: Record<string, () => Promise<Side>> = {
  LocalLink: async () => {
    const { broker } = await startBroker();
    return {
      make: options => broker.link({ name: '', instance: `${++serial}`, ...options }),
      stop: () => broker.close(),
    };
  },
  'LocalLink that was there before its broker': async () => {
    const { broker } = await startBroker();
    return {
      make: options => {
        const parent = new LocalParent();
        const link = parent.link({ name: '', instance: `${++serial}`, ...options });
        setImmediate(() => parent.open(broker));
        return link;
      },
      stop: () => broker.close(),
    };
  },
  'MqttLink to EmbeddedBroker': async () => {
    const { broker, url } = await startBroker();
    return overMqtt(url, () => broker.close());
  },
  'MqttLink to mosquitto': async () => {
    const mosquitto = await startMosquitto();
    return overMqtt(mosquitto.url, mosquitto.stop);
  },
};

for (const [title, start] of Object.entries(sides)) {
  describe(title, () => {
    let side: Side;
    const open: Link[] = [];
    const link = async (options: { will?: Message } = {}) => {
      const made = side.make(options);
      open.push(made);
      await inState(made, 'connected');
      return made;
    };
    before(async () => {
      side = await start();
    });
    after(async () => {
      await Promise.all(open.map(made => made.close()));
      await side.stop();
    });
    const topic = () => `canopy/n${++serial}`;

    test('connects: the event comes once, the state goes with it', async () => {
      const made = side.make({});
      open.push(made);
      let times = 0;
      made.on('connected', () => times++);
      assert.equal(made.state, 'connecting');
      await inState(made, 'connected');
      assert.equal(times, 1);
      assert.equal(made.lastError, null);
    });

    test('delivers a live message without the retain flag, bytes as they are', async () => {
      const [one, other] = [await link(), await link()];
      const base = topic();
      const got = await collect(other, `${base}/#`);
      const payload = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
      one.publish({ topic: `${base}/state`, payload, qos: 1, retain: true });
      one.publish({ topic: `${base}/hb`, payload, qos: 0, retain: false });
      await until(() => got.length === 2);
      for (const received of got) {
        assert.equal(received.retain, false);
        assert.deepEqual(received.payload, payload);
      }
      assert.deepEqual(got.map(m => [m.topic, m.qos]).sort(), [
        [`${base}/hb`, 0],
        [`${base}/state`, 1],
      ]);
    });

    test('replays what is retained, the last only, and forgets by an empty payload', async () => {
      const [one, other] = [await link(), await link()];
      const base = topic();
      for (const text of ['old', 'new']) one.publish(message(`${base}/a/state`, text, { retain: true }));
      one.publish(message(`${base}/b/state`, 'gone', { retain: true }));
      one.publish(message(`${base}/b/state`, '', { retain: true }));
      assert.equal(await one.flush(5000), true);
      const got = await collect(other, `${base}/+/state`);
      await until(() => got.length === 1);
      assert.deepEqual(
        [got[0]?.topic, got[0]?.payload.toString(), got[0]?.retain],
        [`${base}/a/state`, 'new', true],
      );
      one.publish(message(`${base}/a/state`, 'live', { retain: true }));
      await until(() => got.length === 2);
      assert.equal(got[1]?.retain, false);
    });

    test('answers what is retained under a filter now', async () => {
      const one = await link();
      const base = topic();
      for (const name of ['a', 'b', 'c'])
        one.publish(message(`${base}/${name}/state`, name, { retain: true }));
      one.publish(message(`${base}/c/state`, '', { retain: true }));
      assert.equal(await one.flush(5000), true);
      assert.deepEqual(texts(await one.retained(`${base}/+/state`)).sort(), ['a', 'b']);
      assert.deepEqual(texts(await one.retained(`${base}/b/state`)), ['b']);
      assert.deepEqual(await one.retained(`${base}/x/state`), []);
      const all = await one.retained('#');
      assert.deepEqual(texts(all.filter(m => m.topic.startsWith(`${base}/`))).sort(), ['a', 'b']);
      assert.ok(all.every(m => m.retain && !m.topic.includes('fence')));
    });

    test('the will fires on abort', async () => {
      const base = topic();
      const will = message(`${base}/state`, 'lost', { retain: true });
      const [watcher, dying] = [await link(), await link({ will })];
      const got = await collect(watcher, `${base}/#`);
      dying.abort();
      await until(() => got.length === 1);
      assert.equal(dying.state, 'closed');
      assert.deepEqual(texts(await watcher.retained(`${base}/state`)), ['lost']);
    });

    test('the will does not fire on close, and what was published before goes out', async () => {
      const base = topic();
      const [watcher, leaving] = [await link(), await link({ will: message(`${base}/state`, 'lost') })];
      const got = await collect(watcher, `${base}/#`);
      leaving.publish(message(`${base}/evt`, 'bye'));
      await leaving.close();
      assert.equal(leaving.state, 'closed');
      leaving.publish(message(`${base}/evt`, 'never'));
      watcher.publish(message(`${base}/evt`, 'end'));
      await until(() => texts(got).includes('end'));
      assert.deepEqual(texts(got), ['bye', 'end']);
    });

    test('one copy per handler, however many of its filters match', async () => {
      const [one, other] = [await link(), await link()];
      const base = topic();
      const got = await collect(other, `${base}/#`, `${base}/+`, `${base}/evt`);
      for (const text of ['1', '2', '3']) one.publish(message(`${base}/evt`, text));
      await until(() => texts(got).includes('3'));
      assert.deepEqual(texts(got), ['1', '2', '3']);
    });

    test('two handlers each get their own', async () => {
      const one = await link();
      const base = topic();
      const [all, some] = [await collect(one, `${base}/#`), await collect(one, `${base}/evt`)];
      one.publish(message(`${base}/res`, 'r'));
      one.publish(message(`${base}/evt`, 'e'));
      await until(() => all.length === 2 && some.length === 1);
      assert.deepEqual(texts(some), ['e']);
    });

    test('QoS 1 messages arrive in order, all of them', async () => {
      const [one, other] = [await link(), await link()];
      const base = topic();
      const got = await collect(other, `${base}/evt`);
      const sent = Array.from({ length: 1000 }, (_, at) => `${at}`);
      for (const text of sent) one.publish(message(`${base}/evt`, text));
      assert.equal(await one.flush(5000), true);
      await until(() => got.length >= sent.length);
      assert.deepEqual(texts(got), sent);
    });

    test('a handler may publish, and a large payload passes', async () => {
      const one = await link();
      const base = topic();
      const echoes = await collect(one, `${base}/res`);
      await one.subscribe([`${base}/evt`], received => one.publish({ ...received, topic: `${base}/res` }));
      one.publish(message(`${base}/evt`, 'y'.repeat(100_000)));
      await until(() => echoes.length === 1);
      assert.equal(echoes[0]?.payload.length, 100_000);
    });

    test('after close there is nothing more to have', async () => {
      const one = await link();
      await one.close();
      await one.close();
      await assert.rejects(
        one.subscribe(['a'], () => {}),
        { code: 'unreachable' },
      );
      await assert.rejects(one.retained('a'), { code: 'unreachable' });
    });
  });
}
