/** `canopy logs` as a real process, against REST over real sockets, with logs in memory behind it. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { CanopyError } from '../../src/core/errors.js';
import type { LogHub } from '../../src/streams/port.js';
import { Command, canopy } from '../support/cli.js';
import { Sandbox } from '../support/sandbox.js';
import { ServedLog } from '../support/served-log.js';
import { freePort, until } from '../support/wait.js';
import { type Served, serve } from '../unit/rest/support.js';

const TS = Date.UTC(2026, 10, 25, 17);
const PATHS = ['web', 'rack1/web', 'rack1/api', 'cut/db'];
const DOWN = new CanopyError('node-unreachable', '"cut/db" is behind "cut", which is lost');

describe('canopy logs', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let clock = TS;
  let served: Served;
  let port: number;
  let logs: Record<string, ServedLog>;
  let own: ServedLog;
  const hub: LogHub = {
    source: (path, { self, wait } = {}) => {
      const log = self ? own : logs[path];
      if (!log) throw new CanopyError('not-found', `there is no node "${path}" here`);
      return wait ? log.patient : log;
    },
  };

  const open = async (): Promise<void> => {
    served = await serve({ logs: hub });
    await served.app.listen({ host: '127.0.0.1', port });
  };
  beforeEach(async () => {
    own = new ServedLog();
    logs = Object.fromEntries(PATHS.map(path => [path, new ServedLog(() => clock)]));
    port = await freePort();
    await open();
  });
  afterEach(() => served.close());

  const of = (path: string): ServedLog => logs[path] as ServedLog;
  const url = () => ({ CANOPY_URL: `http://127.0.0.1:${port}` });
  const ask = (...words: string[]) => canopy(box, ['logs', ...words], url());
  const start = (...words: string[]) => new Command(box, ['logs', ...words], url());
  /** Each a second after the one before, whichever log it goes to. */
  const write = (path: string, ...lines: string[]): void => {
    for (const line of lines) {
      clock += 1000;
      of(path).write(line);
    }
  };

  it('prints what there is of a leaf, as it is', async () => {
    write('web', 'one', '\u001b[31mtwo\u001b[0m', 'three');
    of('web').write('four', 'stderr');
    const rows: [words: string[], lines: string[]][] = [
      [['web'], ['one', '\u001b[31mtwo\u001b[0m', 'three', 'four']],
      [['web', '--tail', '1'], ['four']],
      [
        ['-n', '2', 'web'],
        ['three', 'four'],
      ],
      [['web', '-n', '0'], []],
      [['web', '-n', 'all', '--stream', 'stderr'], ['four']],
      [['web/', '--after', '2', '--stream', 'stdout'], ['three']],
      [['web', '--grep', '^t'], ['three']],
      [
        ['web', '--grep', 'o', '--fixed'],
        ['one', '\u001b[31mtwo\u001b[0m', 'four'],
      ],
      [['web', '--until', String(clock - 2000)], ['one']],
      [['web', '-t', '--tail', '1'], [`${new Date(clock).toISOString()} four`]],
    ];
    await Promise.all(
      rows.map(async ([words, lines]) => {
        const { code, stdout, stderr } = await ask(...words);
        assert.deepEqual(
          [code, stderr, stdout],
          [0, '', lines.map(line => `${line}\n`).join('')],
          words.join(' '),
        );
      }),
    );
  });

  it('prints for programs', async () => {
    write('web', 'one');
    const { stdout } = await ask('web', '--json');
    assert.deepEqual(JSON.parse(stdout), { path: 'web', seq: 1, ts: clock, stream: 'stdout', line: 'one' });
  });

  it('says on stderr where lines are missing', async () => {
    write('web', 'one', 'two', 'three');
    of('web').drop(2);
    const { code, stdout, stderr } = await ask('web', '--after', '0');
    assert.deepEqual(
      [code, stdout, stderr],
      [0, 'three\n', 'canopy: web: lines 1 to 2 are missing: dropped\n'],
    );
    const { stdout: json } = await ask('web', '--after', '0', '--json');
    assert.deepEqual(JSON.parse(json.split('\n')[0] as string), {
      path: 'web',
      gap: { from: 1, to: 2, reason: 'dropped' },
    });
  });

  it('prints several by time, behind tags of one width', async () => {
    write('web', 'a');
    write('rack1/api', 'b');
    write('rack1/web', 'c');
    write('web', 'd');
    const rows: [words: string[], lines: string[]][] = [
      [
        ['web', 'rack1/api'],
        ['web       | a', 'rack1/api | b', 'web       | d'],
      ],
      [['rack1'], ['rack1/api | b', 'rack1/web | c']],
      [
        ['.', '--app', 'web'],
        ['web       | a', 'rack1/web | c', 'web       | d'],
      ],
      [['--app', 'web', 'rack1'], ['rack1/web | c']],
      [
        ['rack1', '--no-prefix'],
        ['b', 'c'],
      ],
      [
        ['web', 'rack1', '-n', '1', '-t'],
        ['rack1/api | 2026', 'rack1/web | 2026', 'web       | 2026'],
      ],
    ];
    for (const [words, lines] of rows) {
      const { code, stdout, stderr } = await ask(...words);
      const found = stdout.trimEnd().split('\n');
      assert.deepEqual([code, stderr, found.length], [0, '', lines.length], stdout + stderr);
      for (const [at, line] of lines.entries())
        assert.ok(found[at]?.startsWith(line), `${words}: ${found[at]}`);
      if (!words.includes('-t')) assert.deepEqual(found, lines);
    }
  });

  it('prints the log of a node itself', async () => {
    own.write('{"msg":"up"}');
    for (const path of ['.', 'rack1', 'web'])
      assert.equal((await ask(path, '--self')).stdout, '{"msg":"up"}\n');
  });

  it('goes on with what comes, from where the snapshot ends', async () => {
    write('web', ...Array.from({ length: 1000 }, (_, at) => `line ${at + 1}`));
    const command = start('-f', 'web');
    await command.said(/line 1000\n/);
    write('web', 'more');
    await command.said(/more\n/);
    assert.equal(
      command.stdout,
      [...Array.from({ length: 1000 }, (_, at) => `line ${at + 1}\n`), 'more\n'].join(''),
    );
    command.signal('SIGINT');
    assert.equal((await command.end()).signal, 'SIGINT');
    await until(() => of('web').open === 0, 2000, 'nobody reads any more');
  });

  it('goes on with several, and with a log that had nothing before', async () => {
    write('web', 'old');
    const command = start('-f', '-n', '0', 'web', 'rack1');
    await until(() => PATHS.slice(0, 3).every(path => of(path).open === 1));
    write('rack1/api', 'first');
    write('web', 'new');
    await command.said(/^rack1\/api \| first$/m);
    await command.said(/^web {7}\| new$/m);
    assert.doesNotMatch(command.stdout, /old/);
  });

  it('resumes by itself when the REST server has been away, with no line twice and none missing', async () => {
    write('web', 'one', 'two');
    const [all, none, found] = [
      start('-f', 'web'),
      start('-f', 'web', '-n', '0'),
      start('-f', 'web', '--grep', 'f'),
    ];
    const quiet = start('-f', '-n', '1', 'cut/db');
    await all.said(/two\n/);
    await until(() => of('web').open === 3 && of('cut/db').open === 1, 5000, 'all follow');
    await served.close();
    write('web', 'three');
    write('cut/db', 'its first', 'its second');
    await until(() => all.stderr !== '' && none.stderr !== '' && found.stderr !== '');
    write('web', 'four');
    await open();
    await all.said(/four\n/);
    await none.said(/four\n/);
    await found.said(/four\n/);
    write('web', 'five');
    for (const command of [all, none, found]) await command.said(/five\n/);
    assert.deepEqual(
      [all.stdout, none.stdout, found.stdout],
      ['one\ntwo\nthree\nfour\nfive\n', 'three\nfour\nfive\n', 'four\nfive\n'],
    );
    await quiet.said(/second\n/);
    assert.equal(quiet.stdout, 'its first\nits second\n');
    assert.match(all.stderr, /^canopy: broken off, trying again: .+\n$/);
  });

  it('waits for a leaf that is away where it is told to', async () => {
    of('cut/db').away = DOWN;
    const [one, live] = [start('cut/db', '--wait'), start('-f', 'cut/db', '--wait')];
    await until(
      () => of('cut/db').waiters === 1 && of('cut/db').queries.length >= 4,
      5000,
      'both ask, again and again',
    );
    write('cut/db', 'back');
    of('cut/db').comeBack();
    await live.said(/back\n/);
    const { code, stdout, stderr } = await one.end();
    const waiting = `canopy: cut/db: waiting: node-unreachable: ${DOWN.message}\n`;
    assert.deepEqual([code, stdout, stderr], [0, 'back\n', waiting]);
    assert.equal(live.stderr, waiting);
  });

  it('does not let one that is away keep the others', async () => {
    of('cut/db').away = DOWN;
    write('web', 'a');
    const { code, stdout, stderr } = await ask('web', 'cut/db');
    assert.deepEqual([code, stdout], [1, 'web    | a\n']);
    assert.equal(stderr, `canopy: cut/db: node-unreachable: ${DOWN.message}\n`);
    const command = start('-f', 'web', 'cut/db');
    await command.said(/web {4}\| a\n/);
    write('cut/db', 'back');
    of('cut/db').comeBack();
    await command.said(/cut\/db \| back\n/);
  });

  it('says which one is not followed since too many are, and goes on with the others', async () => {
    of('rack1/api').away = new CanopyError(
      'too-many-streams',
      '64 streams of logs are handed on by this node already',
    );
    const command = start('-f', 'web', 'rack1/api', '-n', '0');
    const word =
      'canopy: rack1/api: not followed yet: too-many-streams: 64 streams of logs are handed on by this node already\n';
    await until(() => command.stderr !== '' && of('web').open === 1, 10_000, 'it is said');
    write('web', 'one');
    await command.said(/^web {7}\| one$/m);
    assert.equal(command.stderr, word);
    of('rack1/api').comeBack();
    await until(() => of('rack1/api').open === 1);
    write('rack1/api', 'two');
    await command.said(/^rack1\/api \| two$/m);
    assert.equal(command.stderr, word);
  });

  it('reads those for which there was no room when the others have been read', async () => {
    const crowded = new CanopyError('too-many-streams', 'as many as there may be');
    write('web', 'a');
    write('rack1/api', 'b');
    const api = of('rack1/api');
    const read = api.read.bind(api);
    let times = 0;
    api.read = async function* (query, cut) {
      times += 1;
      if (times === 1) throw crowded;
      yield* read(query, cut);
    };
    const { code, stdout, stderr } = await ask('web', 'rack1/api');
    assert.deepEqual([code, stderr, stdout], [0, '', 'web       | a\nrack1/api | b\n']);
    api.away = crowded;
    const late = await ask('web', 'rack1/api');
    assert.deepEqual(
      [late.code, late.stderr],
      [1, 'canopy: rack1/api: too-many-streams: as many as there may be\n'],
    );
    assert.equal(late.stdout, 'web       | a\n');
  });

  it('ends with its reader', async () => {
    write('web', ...Array.from({ length: 50_000 }, (_, at) => `line ${at}`));
    const script = `"$0" "$1" logs web | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const command = new Command(box, [], url(), ['bash', '-c', script]);
    const { stdout, stderr } = await command.end();
    assert.deepEqual([stdout, stderr], ['line 0\n0\n', '']);
  });

  it('says what is wrong, and ends with 2 where it is used wrongly', async () => {
    const rows: [words: string[], says: RegExp][] = [
      [['web', '--tail', '-1'], /--tail: expected a whole number from 0 to \d+, found -1/],
      [['web', '--tail', 'x'], /--tail: expected a whole number .*found "x"/],
      [
        ['web', '--since', 'yesterday'],
        /--since: expected ms since the epoch, an ISO 8601 time .*found "yesterday"/,
      ],
      [['web', '--until', '25:00'], /--until: .*found "25:00"/],
      [['web', '--after', '1.5'], /--after: .*found "1.5"/],
      [['web', '--grep', '('], /--grep: expected a regular expression, found "\("/],
      [['web', '--fixed'], /--fixed: expected together with grep/],
      [['web', '--stream', 'stdin'], /--stream: expected one of stdout, stderr, found "stdin"/],
      [['-f', 'web', '--until', '1m'], /--until: expected without follow/],
      [[], /expected a path or --app, found none/],
      [['web', '--nonsense'], /unknown option '--nonsense'/],
    ];
    await ends(2, rows);
  });

  it('ends with 1 where what is asked for cannot be had, and with 3 where nothing answers', async () => {
    of('cut/db').away = DOWN;
    of('web').away = new CanopyError('grep-failed', 'the search took more than 2 s');
    await ends(1, [
      [['nobody'], /^canopy: not-found: there is no node "nobody" here\n$/],
      [['-f', 'nobody'], /^canopy: not-found: /],
      [['a b'], /^canopy: bad-path: /],
      [['--app', 'nobody'], /^canopy: not-found: there is no leaf of app "nobody" here\n$/],
      [['cut/db'], /^canopy: node-unreachable: "cut\/db" is behind/],
      [['-f', 'cut/db'], /^canopy: node-unreachable: /],
      [['-f', '-n', '0', 'cut/db'], /^canopy: node-unreachable: /],
      [['rack1/web', '--after', '7'], /^canopy: bad-cursor: /],
      [['-f', 'rack1/web', '--after', '7'], /^canopy: bad-cursor: /],
      [['web', '--grep', '(a+)+$'], /^canopy: grep-failed: the search took more than 2 s\n$/],
    ]);
    await served.close();
    await ends(3, [
      [['web'], /^canopy: nothing answered at /],
      [['-f', 'web', '--wait'], /^canopy: nothing answered at /],
    ]);
  });

  async function ends(wanted: number, rows: readonly [string[], RegExp][]): Promise<void> {
    for (const [words, says] of rows) {
      const { code, stdout, stderr } = await ask(...words);
      assert.deepEqual([code, stdout], [wanted, ''], `${words.join(' ')}: ${stderr}`);
      assert.match(stderr, says);
    }
  }
});
