#!/usr/bin/env node
/**
 * The first file of the command line. It loads the others as they were compiled at an earlier start: compiling them is a third
 * of what the first target waits for. Node does that by itself from 22.1 on; before that it is done here.
 */
import crypto = require('node:crypto');
import fs = require('node:fs');
import modules = require('node:module');
import path = require('node:path');
import v8 = require('node:v8');
import vm = require('node:vm');

interface Part {
  exports: unknown;
}
type Wrapped = (exports: unknown, require: (name: string) => unknown, part: Part, ...at: string[]) => void;
type Entry = { main(keep: () => void): void };

const HASH_BYTES = 32;
/** What one version of V8 has compiled is of no use to another. */
const folder = path.join(__dirname, 'compiled');
const own = path.join(folder, `${process.version}-${process.arch}`);

/** What root left in the checkout of somebody else could not be removed with it. */
const isOurs = fs.statSync(__dirname).uid === (process.getuid?.() ?? 0);

const parts = new Map<string, Part>();
/** What is not kept yet, or not as it is now; and is to be. */
const fresh: { readonly name: string; readonly text: string; readonly script: vm.Script }[] = [];

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
  // The build has left no letter in it that takes two bytes.
  const text = fs.readFileSync(file, 'latin1');
  const cachedData = kept(name, text);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
  const script = new vm.Script(wrapped, { filename: file, ...(cachedData && { cachedData }) });
  if (isOurs && script.cachedDataRejected !== false) fresh.push({ name, text, script });
  return script.runInThisContext() as Wrapped;
}

/** V8 itself looks at its version, its flags and how long the text is, and takes anything for the rest. */
function kept(name: string, text: string): Buffer | null {
  try {
    const found = fs.readFileSync(path.join(own, name));
    const data = found.subarray(HASH_BYTES);
    return hashOf(text, data).equals(found.subarray(0, HASH_BYTES)) ? data : null;
  } catch {
    return null;
  }
}

const hashOf = (text: string, data: Buffer): Buffer =>
  crypto.createHash('sha256').update(text, 'latin1').update(data).digest();

/** For the next start, with all that has been compiled until now; where that can't be written, it is done without. */
function keep(): void {
  try {
    if (fresh.length > 0) fs.mkdirSync(own, { recursive: true });
    for (const { name, text, script } of fresh.splice(0)) {
      const data = script.createCachedData();
      replace(path.join(own, name), Buffer.concat([hashOf(text, data), data]));
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
 * Nor does it optimize until a start is over (see engine.ts): its threads would take the cores that targets begin on.
 */
v8.setFlagsFromString('--semi-space-growth-factor=1 --no-turbofan');
const { enableCompileCache } = modules as { enableCompileCache?: (directory: string) => unknown };
if (isOurs) enableCompileCache?.(folder);
const entry = (enableCompileCache ? require('./entry.cjs') : load('./entry.cjs')) as Entry;
entry.main(keep);
