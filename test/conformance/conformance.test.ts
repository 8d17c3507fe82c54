/**
 * MQTT 3.1.1 by its text: every case cites the statement that it holds, and runs over our broker and, for comparison, over
 * mosquitto. Where ours differs on purpose the case says so: keepalive 0, `$` filters, topics that are diverted.
 */
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startBroker } from '../support/broker.js';
import { startMosquitto } from '../support/mosquitto.js';
import { Bench, type Case } from './bench.js';
import { CONNECTING } from './connecting.js';
import { FRAMES } from './frames.js';
import { PUBLISHING } from './publishing.js';
import { SESSIONS } from './sessions.js';
import { SUBSCRIBING } from './subscribing.js';
import { WILLS } from './wills.js';

const CHAPTERS: Record<string, readonly Case[]> = {
  frames: FRAMES,
  connecting: CONNECTING,
  sessions: SESSIONS,
  wills: WILLS,
  publishing: PUBLISHING,
  subscribing: SUBSCRIBING,
};

interface Started {
  readonly port: number;
  stop(): Promise<unknown>;
}

const ours = async (): Promise<Started> => {
  const { broker, port } = await startBroker();
  return { port, stop: () => broker.close() };
};

const absent = !existsSync('/usr/sbin/mosquitto') && 'needs mosquitto in /usr/sbin';

for (const [name, start, skip] of [
  ['our broker', ours, false],
  ['mosquitto', () => startMosquitto(), absent],
] as const) {
  describe(`MQTT 3.1.1 at ${name}`, { skip, concurrency: 16 }, () => {
    let broker: Started;
    before(async () => {
      broker = await start();
    });
    after(() => broker.stop());
    const isOurs = start === ours;
    for (const [chapter, cases] of Object.entries(CHAPTERS)) {
      for (const { clause, title, run, notMosquitto } of cases) {
        const why = isOurs ? false : (notMosquitto ?? false);
        it(`[${clause}] ${chapter}: ${title}`, { skip: why }, async () => {
          const bench = new Bench(broker.port, isOurs);
          await run(bench).finally(() => bench.end());
        });
      }
    }
  });
}
