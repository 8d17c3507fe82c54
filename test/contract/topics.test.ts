/** topics.md against the code, in both directions. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from '../../src/core/errors.js';
import type { Channel } from '../../src/core/names.js';
import { decode } from '../../src/protocol/codec.js';
import { decodeCommand, LEAF_OPS, NODE_OPS } from '../../src/protocol/commands.js';
import { decodeAsk, decodeFlow, HOP_TOPICS } from '../../src/protocol/flows.js';
import { EVENT_NAMES, RES_STATUSES } from '../../src/protocol/payloads.js';
import { TOPICS } from '../../src/protocol/topics.js';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(top, 'topics.md'), 'utf8');

/** Rows of the table whose first heading is this. */
function rows(heading: string): string[][] {
  const [, table = ''] = page.split(new RegExp(`^\\| ${heading} \\|.*\\n\\|[ -|]*\\n`, 'm'));
  const lines = table.split('\n');
  const end = lines.findIndex(line => !line.startsWith('|'));
  return lines.slice(0, end === -1 ? lines.length : end).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

test('the table of channels is that of the code', () => {
  const written = rows('channel').map(([name = '', flow, qos, retain]) => [
    name.replaceAll('`', ''),
    flow,
    qos,
    retain,
  ]);
  const coded = Object.entries(TOPICS).map(([name, { flow, qos, retain }]) => [
    name,
    flow,
    String(qos),
    retain ? 'yes' : 'no',
  ]);
  assert.deepEqual(written, coded);
});

test('the table of what neighbours say to each other is that of the code', () => {
  const written = rows('between neighbours').map(([name = '', ...row]) => [name.replaceAll('`', ''), ...row]);
  assert.deepEqual(
    written.map(([name, flow, qos, retain]) => [name, flow, qos, retain]),
    Object.entries(HOP_TOPICS).map(([name, { flow, qos, retain }]) => [
      name,
      flow,
      String(qos),
      retain ? 'yes' : 'no',
    ]),
  );
});

/** A fenced example loses the end of its last line. */
const withNewline = (bytes: Buffer): Buffer =>
  bytes.includes(0x0a) ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes;

test('every example decodes, and every channel that is in use has one', () => {
  const examples = Array.from(page.matchAll(/^```(json|text) (\w+)\n(.*?)^```/gms));
  for (const [, kind, channel, text = ''] of examples) {
    const bytes = Buffer.from(text.trim());
    if (kind === 'text')
      assert.ok(
        [...LEAF_OPS, ...NODE_OPS].some(op => op === decodeCommand(bytes).op),
        text,
      );
    else if (channel === '_flow') assert.doesNotThrow(() => decodeAsk(bytes), text);
    else if (channel === '_log') assert.doesNotThrow(() => decodeFlow(withNewline(bytes)), text);
    else assert.doesNotThrow(() => decode(channel as Channel, bytes), text);
  }
  const shown = new Set(examples.map(([, , channel]) => channel));
  assert.deepEqual([...shown].sort(), [...Object.keys(TOPICS), ...Object.keys(HOP_TOPICS)].sort());
});

test('the table of error codes is that of the code', () => {
  assert.deepEqual(
    rows('code').map(([code = '', what]) => [code.replaceAll('`', ''), what]),
    Object.entries(ERROR_CODES),
  );
});

test('every error code is used', () => {
  const sources = (readdirSync(join(top, 'src'), { recursive: true }) as string[])
    .filter(name => name.endsWith('.ts') && !name.endsWith('errors.ts'))
    .map(name => readFileSync(join(top, 'src', name), 'utf8'))
    .join('\n');
  assert.deepEqual(
    Object.keys(ERROR_CODES).filter(code => !sources.includes(`'${code}'`)),
    [],
  );
});

test('every operation, status of a result and kind of event is on the page', () => {
  const words = [...LEAF_OPS, ...NODE_OPS, ...RES_STATUSES, ...EVENT_NAMES];
  assert.deepEqual(
    words.filter(word => !page.includes(`\`${word}\``)),
    [],
  );
});
