/** What comes with us: nothing that runs at install, everything pinned. Reads package-lock.json. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** Its script would build only where none of the binaries in the package fits; we install without scripts, and it works. */
const MAY_RUN = ['node_modules/classic-level'];

test('no package that comes with us needs to run anything when it is installed', () => {
  assert.ok(runtime.length > 50, `found ${runtime.length}`);
  assert.deepEqual(
    runtime.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path),
    MAY_RUN,
  );
});

test('its binaries come with it: for this machine, and for those that we run on', () => {
  const inside = new URL('../../../node_modules/classic-level/', import.meta.url);
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64+arm64'])
    assert.ok(
      readdirSync(new URL(`prebuilds/${platform}/`, inside)).some(name => name.endsWith('.node')),
      platform,
    );
  assert.ok(!existsSync(new URL('build/', inside)), 'something was built here');
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
