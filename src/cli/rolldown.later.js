/**
 * Parts of Node that take milliseconds of a start to load, and that no target waits for: each is asked for where it is used, not where
 * the file that uses it begins.
 */
import { join } from 'node:path';

const OURS = 'crypto|dns/promises|worker_threads';

const ASSERT = ["const assert = require('assert')", "const assert = (...what) => require('assert')(...what)"];
/** Of packages: what is asked for in a file of them, and what instead. */
const OTHERS = {
  'sonic-boom/index.js': [ASSERT],
  'thread-stream/index.js': [
    ASSERT,
    ["const { Worker } = require('worker_threads')", ''],
    ['new Worker(', "new (require('worker_threads').Worker)("],
  ],
  'pino/lib/tools.js': [
    ["const { isMainThread } = require('worker_threads')", ''],
    ['&& isMainThread', "&& require('worker_threads').isMainThread"],
  ],
};
const changesOf = new Map(
  Object.entries(OTHERS).map(([file, changes]) => [join(process.cwd(), 'node_modules', file), changes]),
);

export const later = {
  name: 'later',
  transform(code, id) {
    const changes = changesOf.get(id) ?? [];
    for (const [asked] of changes) if (!code.includes(asked)) this.error(`${id}: expected ${asked}`);
    return changes.reduce((text, [asked, instead]) => text.replace(asked, instead), code);
  },
  renderChunk(code) {
    const modules = code.matchAll(new RegExp(`^let (\\w+) = (require\\("node:(?:${OURS})"\\));\\n`, 'gm'));
    return [...modules].reduce(
      (text, [line, name, asked]) =>
        text.replace(line, '').replaceAll(new RegExp(`\\b${name}\\.`, 'g'), `(${asked}).`),
      code,
    );
  },
};
