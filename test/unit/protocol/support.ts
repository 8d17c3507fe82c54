/** One sound payload per channel, and payloads that are nearly sound. */
import fc from 'fast-check';
import { CHANNELS } from '../../../src/core/names.js';
import type { Payloads } from '../../../src/protocol/payloads.js';

const TS = 1_790_000_000_000;

export const SAMPLES: Payloads = {
  hb: {
    v: 1,
    epoch: TS,
    seq: 17,
    ts: TS,
    interval: 3,
    kind: 'leaf',
    app: 'web',
    phase: 'running',
    health: 'passing',
    pid: 42,
  },
  state: {
    v: 1,
    epoch: TS,
    ts: TS,
    kind: 'leaf',
    app: 'web',
    link: 'online',
    phase: 'running',
    health: 'passing',
    reason: 'started',
    pid: 42,
  },
  evt: {
    v: 1,
    epoch: TS,
    seq: 3,
    ts: TS,
    event: 'phase',
    from: 'running',
    to: 'backoff',
    reason: 'exited with code 1',
  },
  cmd: { v: 1, id: 'c1', op: 'signal', args: { signal: 'HUP' }, expiresAt: TS, by: 'ops' },
  res: { v: 1, id: 'c1', op: 'signal', status: 'succeeded', done: true, ts: TS, data: { pid: 42 } },
  log: { v: 1, epoch: TS, lines: [{ seq: 1, ts: TS, stream: 'stdout', line: 'ready' }] },
};

export const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value) ?? '');

const FIELDS = [...new Set(CHANNELS.flatMap(channel => Object.keys(SAMPLES[channel])))];
const arbValue = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(-1, 0.5, 1e300, 2 ** 53, null, '', 'x'.repeat(2000), [], {}, [[]]),
);

/** Any JSON; or a sample with any field set to anything, `__proto__` included, or left out. */
export const arbHostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc
    .record({
      channel: fc.constantFrom(...CHANNELS),
      field: fc.constantFrom(...FIELDS, '__proto__', 'constructor', 'select', 'pick', 'gap', 'leaves'),
      value: fc.option(arbValue, { nil: undefined }),
    })
    .map(({ channel, field, value }) => ({ ...SAMPLES[channel], ...Object.fromEntries([[field, value]]) })),
);
