/** What comes with us: nothing that runs at install, everything pinned. Reads package-lock.json. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path]) => path !== '');
const runtime = locked.filter(([, { dev }]) => !dev);

test('no package that comes with us runs anything when it is installed', () => {
  assert.ok(runtime.length > 50, `found ${runtime.length}`);
  assert.deepEqual(
    runtime.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path),
    [],
  );
});

test('every package is what it was when it was locked, and from nowhere but the registry', () => {
  const loose = locked.filter(
    ([, { resolved, integrity }]) =>
      (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) ||
      !integrity?.startsWith('sha512-'),
  );
  assert.deepEqual(
    loose.map(([path]) => path),
    [],
  );
});

test('every dependency is pinned to one version, and the lock has that one', () => {
  const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(packages[`node_modules/${name}`]?.version, version, name);
  }
});
