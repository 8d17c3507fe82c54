#!/usr/bin/env node
/**
 * The first file of the command line. It loads the others as they were compiled at an earlier start: compiling them is a third
 * of what the first target waits for. Node does that by itself from 22.1 on; before that it is done here.
 */
import fs = require('node:fs');
import modules = require('node:module');
import path = require('node:path');
import v8 = require('node:v8');
import vm = require('node:vm');
import zlib = require('node:zlib');

interface Part {
  exports: unknown;
}
type Wrapped = (exports: unknown, require: (name: string) => unknown, part: Part, ...at: string[]) => void;
type Entry = { main(keep: () => void): void };

/** Before what V8 gives: the CRC of the text, and that of what follows. As in Node's own: it is quick, and what it takes is loaded anyway. */
const HEAD_BYTES = 8;
/** Kept anew where so much of it has come to it: what the first command had no use for, the next one compiles each time. */
const GROWN = 17 / 16;
/** What one version of V8 has compiled is of no use to another. */
const folder = path.join(__dirname, 'compiled');
const own = path.join(folder, `${process.version}-${process.arch}`);

/** What root left in the checkout of somebody else could not be removed with it. */
const isOurs = fs.statSync(__dirname).uid === (process.getuid?.() ?? 0);

interface Loaded {
  readonly name: string;
  readonly text: string;
  readonly script: vm.Script;
  /** Bytes of it that are kept. */
  readonly bytes: number;
}
const parts = new Map<string, Part>();
/** Null where nothing is to be kept any more. */
let loaded: Loaded[] | null = isOurs ? [] : null;

/** A file of the build is loaded here, all else as ever. */
function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name);
  const known = parts.get(name);
  if (known) return known.exports;
  const part: Part = { exports: {} };
  parts.set(name, part);
  const file = path.join(__dirname, name);
  compiled(name, file)(part.exports, load, part, file, __dirname);
  return part.exports;
}

function compiled(name: string, file: string): Wrapped {
  // The build has left no letter in it that takes two bytes; so Node reads it at once.
  const text = fs.readFileSync(file, 'utf8');
  const cachedData = kept(name, text);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
  const script = new vm.Script(wrapped, { filename: file, ...(cachedData && { cachedData }) });
  const bytes = cachedData && !script.cachedDataRejected ? cachedData.length : 0;
  loaded?.push({ name, text, script, bytes });
  return script.runInThisContext() as Wrapped;
}

/** V8 itself looks at its version, its flags and how long the text is, and takes anything for the rest. */
function kept(name: string, text: string): Buffer | null {
  try {
    const found = fs.readFileSync(path.join(own, name));
    const data = found.subarray(HEAD_BYTES);
    return headOf(text, data).equals(found.subarray(0, HEAD_BYTES)) ? data : null;
  } catch {
    return null;
  }
}

function headOf(text: string, data: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(zlib.crc32(text), 0);
  head.writeUInt32LE(zlib.crc32(data), 4);
  return head;
}

/** For the next start, with all that has been compiled until now; where that can't be written, it is done without. */
function keep(): void {
  const all = loaded ?? [];
  loaded = null;
  try {
    for (const { name, text, script, bytes } of all) {
      const data = script.createCachedData();
      if (data.length < bytes * GROWN) continue;
      fs.mkdirSync(own, { recursive: true });
      replace(path.join(own, name), Buffer.concat([headOf(text, data), data]));
    }
  } catch {
    // The next start compiles, too.
  }
}

/** Whole or not at all, whoever else is at it. */
function replace(file: string, bytes: Buffer): void {
  const aside = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(aside, bytes);
    fs.renameSync(aside, file);
  } catch (error) {
    fs.rmSync(aside, { force: true });
    throw error;
  }
}

/**
 * While modules are loaded nearly all survives, and V8 would grow its young generation to 3 x 16 MB, which it keeps: a
 * third of our memory, for garbage. Small, it also frees the buffers of messages soon after they have been sent.
 * Nor does it optimize, or look for garbage on other threads, until a start is over (see engine.ts): they would take the cores that targets
 * begin on.
 */
v8.setFlagsFromString('--semi-space-growth-factor=1 --no-turbofan --no-incremental-marking');
const { enableCompileCache } = modules as { enableCompileCache?: (directory: string) => unknown };
if (isOurs) enableCompileCache?.(folder);
const entry = (enableCompileCache ? require('./entry.cjs') : load('./entry.cjs')) as Entry;
entry.main(keep);
