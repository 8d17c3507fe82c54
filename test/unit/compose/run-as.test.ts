import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runAsOf } from '../../../src/compose/run-as.js';
import { targetEnvironment } from '../../../src/compose/target-env.js';
import { loadNode } from '../../../src/config/load.js';
import { loadTree } from '../../../src/config/tree-file.js';
import { findAccount } from '../../../src/process/accounts.js';
import { launchTarget } from '../../../src/process/launch.js';
import { linesOf } from '../config/support.js';

const PATH = process.env.PATH ?? '';
const asRoot = process.getuid?.() !== 0 && 'needs root';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-run-as-'));
  chmodSync(dir, 0o755);
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const settingsOf = (dir: string, settings: Record<string, string>, more: NodeJS.ProcessEnv = {}) => {
  const given = { ROLE: 'leaf', NAME: 'web', TARGET: 'true', ...settings };
  const named = Object.fromEntries(Object.entries(given).map(([key, value]) => [`CANOPY_${key}`, value]));
  return loadNode({ env: { PATH, ...more, ...named }, cwd: dir });
};

/** What a target of these settings prints, started as a leaf does. */
async function printed(
  dir: string,
  settings: Record<string, string>,
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { settings: node, env } = settingsOf(dir, settings, more);
  const output = join(dir, 'target.log');
  rmSync(output, { force: true });
  const runAs = runAsOf(node, targetEnvironment(env));
  const files = { stdout: output, stderr: output };
  const words = node.target?.words ?? [];
  const target = await launchTarget({ words, dataDir: dir, output: files, ...runAs });
  assert.deepEqual(await target.exited, { code: 0, signal: null }, readFileSync(output, 'utf8'));
  return readFileSync(output, 'utf8');
}

test('cwd: absolute, or relative to the node', async t => {
  const dir = folder(t);
  mkdirSync(join(dir, 'srv web'));
  const TARGET = `sh -c 'pwd; echo "$PWD"'`;
  for (const CWD of ['srv web', join(dir, 'srv web')])
    assert.equal(await printed(dir, { TARGET, CWD }, { PWD: dir }), `${dir}/srv web\n${dir}/srv web\n`);
  assert.throws(() => runAsOf(settingsOf(dir, { CWD: 'gone' }).settings, {}), {
    message: `CANOPY_CWD (cwd): expected a directory that is there, found ${dir}/gone`,
  });
});

test('umask and niceness are as asked, and else our own', async t => {
  const dir = folder(t);
  const TARGET = `sh -c 'umask; nice'`;
  const own = `${process.umask().toString(8).padStart(4, '0')}\n${getPriority()}\n`;
  assert.equal(await printed(dir, { TARGET }), own);
  assert.equal(await printed(dir, { TARGET, UMASK: '027', NICE: '7' }), '0027\n7\n');
  assert.equal(await printed(dir, { TARGET, NICE: String(getPriority()) }), own);
});

test('below our own niceness only as root', { skip: asRoot }, async t => {
  assert.equal(await printed(folder(t), { TARGET: 'nice', NICE: '-5' }), '-5\n');
});

test('shell: the target as it was written', async t => {
  const dir = folder(t);
  const TARGET = `X='a  b'; echo "$X" | tr a-z A-Z > up; cat < up`;
  assert.equal(await printed(dir, { TARGET, SHELL: 'true', CWD: dir }), 'A  B\n');
  assert.match(linesOf(() => settingsOf(dir, { TARGET }))[0] ?? '', /needs a shell/);
});

test('env and env_file: beside the inherited ones, env first, and nothing of canopy', async t => {
  const dir = folder(t);
  writeFileSync(join(dir, 'web.env'), 'ONE=file\nTWO="of the file"\nCANOPY_NAME=secret\n');
  const given = { TARGET: 'env', ENV: `ONE=1 'THREE=it'"'"'s $NOT' FOUR=$FROM`, ENV_FILE: 'web.env' };
  const lines = (await printed(dir, given, { FROM: 'here', HOME: '/h' })).trim().split('\n');
  const names = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const { PATH: path, ...rest } = names;
  assert.equal(path, PATH);
  assert.deepEqual(rest, {
    FROM: 'here',
    HOME: '/h',
    ONE: '1',
    TWO: 'of the file',
    THREE: "it's $NOT",
    FOUR: 'here',
  });
});

test('a missing env_file is an error, unless it may be missing', t => {
  const dir = folder(t);
  assert.deepEqual(runAsOf(settingsOf(dir, { ENV_FILE: '-gone.env' }).settings, { A: '1' }).env, { A: '1' });
  assert.throws(() => runAsOf(settingsOf(dir, { ENV_FILE: 'gone.env' }).settings, {}), {
    message: `CANOPY_ENV_FILE (env_file): expected a .env file, found ${dir}/gone.env, which is not there`,
  });
});

test('user: his ids, his groups and his variables', { skip: asRoot }, async t => {
  const dir = folder(t);
  const TARGET = `sh -c 'id -u; id -g; id -G; echo $HOME $USER $LOGNAME; touch made-$$'`;
  const daemon = findAccount('daemon');
  assert.ok(!('problem' in daemon));
  const shared = join(dir, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const more = { TARGET, CWD: shared };
  const { uid, gid, groups, home } = daemon;
  const all = [gid, ...groups].join(' ');
  assert.equal(
    await printed(dir, { ...more, USER: 'daemon' }),
    `${uid}\n${gid}\n${all}\n${home} daemon daemon\n`,
  );
  assert.equal(
    await printed(dir, { ...more, USER: String(uid) }),
    `${uid}\n${gid}\n${all}\n${home} daemon daemon\n`,
  );
  assert.match(await printed(dir, { ...more, USER: 'daemon:nogroup' }), /^\d+\n65534\n/);
  assert.equal(await printed(dir, { ...more, USER: '12345:54321' }), '12345\n54321\n54321\n/ 12345 12345\n');
});

test('the groups of a user are those that id(1) says', {
  skip: process.platform !== 'linux' && 'reads /etc/group',
}, () => {
  for (const line of readFileSync('/etc/passwd', 'utf8').trim().split('\n')) {
    const [name = ''] = line.split(':');
    const account = findAccount(name);
    assert.ok(!('problem' in account), name);
    const said = spawnSync('id', ['-G', name], { encoding: 'utf8' }).stdout.trim().split(' ').map(Number);
    const sorted = (ids: readonly number[]) => [...new Set(ids)].sort((a, b) => a - b);
    assert.deepEqual(sorted([account.gid, ...account.groups]), sorted(said), name);
  }
});

test('a user that is not there is told as a wrong setting', t => {
  const dir = folder(t);
  for (const [USER, expected] of [
    ['no-such-user', 'a user of this machine'],
    ['4242424', 'a user of this machine, or uid:gid'],
    ['root:no-such-group', 'a group of this machine after the colon'],
  ] as const)
    assert.throws(() => runAsOf(settingsOf(dir, { USER }).settings, {}), {
      message: `CANOPY_USER (user): expected ${expected}, found ${USER}`,
    });
});

test('values that are none', t => {
  const dir = folder(t);
  const cases: [Record<string, string>, string][] = [
    [
      { UMASK: '999' },
      'CANOPY_UMASK (environment): expected an octal number from 0 to 0777, such as 027, found "999"',
    ],
    [{ NICE: '20' }, 'CANOPY_NICE (environment): expected a whole number from -20 to 19, found "20"'],
    [
      { USER: '-x' },
      'CANOPY_USER (environment): expected a user or user:group, by name or number, found "-x"',
    ],
    [{ ENV: 'A=1 B' }, 'CANOPY_ENV (environment): expected NAME=value, and not "B", found "A=1 B"'],
    [
      { ENV: 'CANOPY_NAME=x' },
      'CANOPY_ENV (environment): expected no CANOPY_NAME: a target gets nothing that begins with CANOPY_, found "CANOPY_NAME=x"',
    ],
    [{ ENV: "A='1" }, `CANOPY_ENV (environment): expected every quote closed, found "A='1"`],
  ];
  for (const [given, line] of cases)
    assert.deepEqual(
      linesOf(() => settingsOf(dir, given)),
      [line],
    );
});

test('in a tree file, env is words or a map', t => {
  const dir = folder(t);
  const children = [
    `{name: a, target: 'true', env: {A: 1, B: "two  words", C: "it's $A", D: }}`,
    `{name: b, target: 'true', env: "A=1 B='two  words'"}`,
  ];
  const file = (list: string[]) =>
    writeFileSync(join(dir, 't.yaml'), `name: top\nchildren:\n${list.map(it => `  - ${it}\n`).join('')}`);
  const load = () =>
    loadTree({ file: 't.yaml', env: {}, cwd: dir }).nodes.map(({ settings }) => settings.runAs.env);
  file(children);
  assert.deepEqual(load().slice(1), [
    { A: '1', B: 'two  words', C: "it's $A", D: '' },
    { A: '1', B: 'two  words' },
  ]);
  file([`{name: a, target: 'true', env: {A: [1]}}`]);
  assert.match(
    linesOf(load).join(),
    /env: expected a single value, or a map of single values, found a list or a map/,
  );
  file([`{name: a, target: 'true', env: {a b: 1}}`]);
  assert.match(linesOf(load).join(), /env: expected NAME=value, and not/);
});
