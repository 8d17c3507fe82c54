// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the words of a shell
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'shell-quote';
import { splitTarget } from '../../../src/config/target.js';

const env = { PORT: '8101', TWO: 'a b', STAR: '*', EVIL: '; rm -rf $PORT' };

test('split as a shell would', () => {
  const cases: [string, string[]][] = [
    ['node web.js', ['node', 'web.js']],
    ['  node   web.js  ', ['node', 'web.js']],
    [`say "it's" 'so "quoted"'`, ['say', "it's", 'so "quoted"']],
    [`a 'b'"c"d`, ['a', 'bcd']],
    ['a \'\' ""', ['a', '', '']],
    ['a\\ b c\\"d', ['a b', 'c"d']],
    ['"a\\"b\\\\c"', ['a"b\\c']],
    ["'a\\'", ['a\\']],
    [`a 'it'"'"'s'`, ['a', "it's"]],
    ['node web.js $PORT "${PORT}1" \'$PORT\' \\$PORT', ['node', 'web.js', '8101', '81011', '$PORT', '$PORT']],
    ['a $TWO "$TWO" x$NONE "$NONE" $NONE', ['a', 'a', 'b', 'a b', 'x', '']],
    ['a $STAR "$EVIL"', ['a', '*', '; rm -rf $PORT']],
    ['ls *.js "*.js" [ab] ?x ~ {1,2}', ['ls', '*.js', '*.js', '[ab]', '?x', '~', '{1,2}']],
    ["sh -c 'echo $PORT | cat; `x` && y # z'", ['sh', '-c', 'echo $PORT | cat; `x` && y # z']],
    ['a "b|c" d\\;e "#f" \\#g', ['a', 'b|c', 'd;e', '#f', '#g']],
    ['a "b\\`c" d\\`e', ['a', 'b`c', 'd`e']],
    ['a \\\n  --b=\\\nc "d\\\ne" \'f\\\ng\'', ['a', '--b=c', 'de', 'f\\\ng']],
    ['a x*$TWO ?"$TWO" \\*$TWO', ['a', 'x*a', 'b', '?a b', '*a', 'b']],
    ['grep "^a$" b$ 5$', ['grep', '^a$', 'b$', '5$']],
    [`node -e "console.log('x y', 1 > 2)"`, ['node', '-e', "console.log('x y', 1 > 2)"]],
  ];
  for (const [text, words] of cases) assert.deepEqual(splitTarget(text, env), { words }, text);
});

test('what means itself is split as the parser would', () => {
  const letters = fc.constantFrom(...'aZ09_ @%+=:,./-'.split(''));
  const plain = fc.string({ unit: letters, maxLength: 20 });
  fc.assert(
    fc.property(plain, text => {
      const split = splitTarget(`x ${text}`, env);
      assert.deepEqual(split, { words: parse(`x ${text}`) });
    }),
  );
});

test('whatever is split is split as the shell of this machine does', () => {
  const pieces = [
    'a',
    '1',
    ' ',
    '\\',
    '"',
    "'",
    '`',
    '\\\n',
    '\\`',
    '\t',
    '$TWO',
    '${STAR}',
    '#',
    '~',
    '=',
    '*',
    '{',
    '}',
    '!',
    'é',
  ];
  const prints = `cmd() { for word; do printf '%s\\0' "$word"; done; }\n`;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 10 }), made => {
      const text = `cmd x${made.join('')}`;
      const split = splitTarget(text, env);
      // The end of a line that none goes on after is taken for a blank.
      fc.pre('words' in split && !/(^|[^\\])(\\\\)*\n/.test(text));
      // Globs and `~` are left alone.
      const shell = spawnSync('sh', ['-f', '-c', `${prints}${text}\n`], { env: { ...env, HOME: '~' } });
      assert.deepEqual(['cmd', ...shell.stdout.toString().split('\0').slice(0, -1)], split.words, text);
    }),
    { numRuns: 300 },
  );
});

test('what only a shell can do, and what is not finished, is refused', () => {
  const cases: [string, RegExp][] = [
    ['a | b', /no \| outside quotes, which needs a shell: write sh -c '…'/],
    ['a > b', /no > outside/],
    ['a 2>&1', /no >& outside/],
    ['a && b', /no && outside/],
    ['a || b', /no \|\| outside/],
    ['a; b', /no ; outside/],
    ['a &', /no & outside/],
    ['(a)', /no \( outside/],
    ['a $(b)', /needs a shell/],
    ['a "$(b)"', /no \$\(…\), which needs a shell/],
    ['a `b`', /no `…`, which needs a shell/],
    ['a "`b`"', /no `…`, which needs a shell/],
    ['a ${PORT:-1}', /no \$\{PORT:-1\}, which needs a shell/],
    ['a $1 $?', /needs a shell/],
    ['a # b', /no # outside quotes/],
    ['a http://x/#y', /no # outside quotes/],
    ['a "b', /every quote closed/],
    ["a 'b", /every quote closed/],
    ['a "b\\"', /every quote closed/],
    ['a b\'c"d\'e"', /every quote closed/],
    ['a\\', /something after the last backslash/],
    ['a ${PORT', /every brace after a \$ closed/],
    ['a ${}', /every brace after a \$ closed/],
    ['PORT=1 node x', /a command first; PORT=1 before it is written env PORT=1/],
    ['$NONE', /a command/],
    ['""', /a command/],
    ['  ', /a command/],
  ];
  for (const [text, problem] of cases) {
    const split = splitTarget(text, env);
    assert.match('problem' in split ? split.problem : `split: ${split.words.join(' ')}`, problem, text);
  }
});
