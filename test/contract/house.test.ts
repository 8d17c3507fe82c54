/** The house: which room may import which, and what stays in its own room. Reads the import lines of the sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../../', import.meta.url));

/** From the ground up; a room imports its own files and those of lower floors. */
const FLOORS = [
  ['broker', 'src/core', 'src/process'],
  ['src/config', 'src/protocol', 'src/balance', 'src/audit', 'src/spool'],
  ['src/access'],
  ['src/node', 'src/identity'],
  ['src/logs'],
  ['src/leaf', 'src/streams', 'src/tree'],
  ['src/history', 'src/alerts'],
  ['src/fleet'],
  ['src/rest'],
  ['src/compose'],
  ['src/cli'],
];
/** On the ground, and knowing nothing of each other: these take nothing of `src/` at all. */
const ISLANDS = ['broker', 'src/process'];
/** What stays in one room. */
const KEPT: Record<string, readonly string[]> = {
  mqtt: ['broker'],
  ws: ['broker'],
  aedes: ['broker'],
  'aedes-persistence': ['broker'],
  tsyringe: ['src/compose'],
  'reflect-metadata': ['src/compose', 'src/identity'],
  '@peculiar/x509': ['src/identity'],
  'cross-spawn': ['src/process'],
  dotenv: ['src/config'],
  'js-yaml': ['src/config'],
  commander: ['src/cli'],
  'classic-level': ['src/history'],
  fastify: ['src/rest', 'src/compose'],
};
/** Longer than 200 lines, and why that is right. */
const LONG: Record<string, string> = {};

interface Source {
  readonly file: string;
  readonly room: string;
  readonly text: string;
  /** Files of ours, and names of packages. */
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

const sources: Source[] = ['broker', 'src'].flatMap(folder =>
  (readdirSync(join(top, folder), { recursive: true }) as string[])
    .filter(name => /\.c?ts$/.test(name))
    .map(name => read(join(folder, name))),
);

function read(file: string): Source {
  const text = readFileSync(join(top, file), 'utf8');
  const specs = Array.from(
    text.matchAll(/(?:\bfrom\s+|\bimport\(\s*|^import\s+)'([^']+)'/gm),
    match => match[1] as string,
  );
  const files = specs
    .filter(spec => spec.startsWith('.'))
    .map(spec => normalize(join(dirname(file), spec)).replace(/\.(c?)js$/, '.$1ts'));
  const packages = specs
    .filter(spec => !spec.startsWith('.') && !spec.startsWith('node:'))
    .map(spec =>
      spec.startsWith('@') ? spec.split('/').slice(0, 2).join('/') : (spec.split('/')[0] as string),
    );
  return { file, room: roomOf(file), text, files, packages };
}

function roomOf(file: string): string {
  const parts = file.split('/');
  return parts[0] === 'broker' ? 'broker' : parts.slice(0, 2).join('/');
}

const floorOf = (room: string): number => FLOORS.findIndex(floor => floor.includes(room));

test('every source stands in a room that has a floor', () => {
  assert.ok(sources.length > 50, `found ${sources.length} sources`);
  assert.deepEqual(
    [...new Set(sources.map(source => source.room))].filter(room => floorOf(room) === -1),
    [],
  );
});

test('imports point down, or stay in their room', () => {
  const wrong = sources.flatMap(({ file, room, files }) =>
    files
      .filter(to => roomOf(to) !== room && floorOf(roomOf(to)) >= floorOf(room))
      .map(to => `${file} -> ${to}`),
  );
  assert.deepEqual(wrong, []);
});

test('broker and process know nothing of the rest', () => {
  const wrong = sources
    .filter(source => ISLANDS.includes(source.room))
    .flatMap(({ file, room, files }) =>
      files.filter(to => roomOf(to) !== room).map(to => `${file} -> ${to}`),
    );
  assert.deepEqual(wrong, []);
});

test('no file imports itself by a circle', () => {
  const edges = new Map(sources.map(({ file, files }) => [file, files]));
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    assert.ok(!way.includes(file), `circle: ${[...way.slice(way.indexOf(file)), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const { file } of sources) visit(file, []);
});

test('every import of ours is a file that exists', () => {
  const known = new Set(sources.map(source => source.file));
  assert.deepEqual(
    sources.flatMap(({ file, files }) => files.filter(to => !known.has(to)).map(to => `${file} -> ${to}`)),
    [],
  );
});

test('a library stays in the room that owns it', () => {
  const wrong = sources.flatMap(({ file, room, packages }) =>
    packages.filter(name => KEPT[name] && !KEPT[name].includes(room)).map(name => `${file} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('every package that is imported is a dependency, and every dependency is imported', () => {
  const { dependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
    dependencies: object;
  };
  const imported = new Set(sources.flatMap(source => source.packages));
  assert.deepEqual([...imported].sort(), Object.keys(dependencies).sort());
});

test('only the settings room reads the environment', () => {
  const readers = sources.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ file }) => file);
  assert.deepEqual(readers, ['src/config/environment.ts']);
});

test('files are short', () => {
  const long = sources
    .filter(({ text }) => text.split('\n').length > 201)
    .map(({ file }) => relative('.', file));
  assert.deepEqual(
    long.filter(file => !LONG[file]),
    [],
  );
});

/** All that is kept at the top: what a test leaves behind in its working directory does not become part of the house. */
const TOP = [
  ...[
    '.ci',
    '.gitignore',
    '.npmrc',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'biome.json',
    'broker',
  ],
  ...['config', 'package-lock.json', 'package.json', 'src', 'test', 'topics.md', 'tsconfig.json'],
];

/** What git keeps; null where there is no git, or none that can read this checkout (a worktree copied without its repository). */
function kept(): string[] | null {
  // Whoever owns it.
  const words = ['-c', 'safe.directory=*', 'ls-files'];
  const git = spawnSync('git', words, { cwd: top, encoding: 'utf8' });
  return git.status === 0 ? git.stdout.split('\n').filter(Boolean) : null;
}

const files = existsSync(join(top, '.git')) ? kept() : null;

test('nothing else is kept at the top', { skip: !files && 'no checkout' }, () => {
  const found = new Set((files ?? []).map(file => file.split('/')[0] ?? ''));
  assert.deepEqual(
    [...found].filter(name => !TOP.includes(name)),
    [],
  );
});
