/** What Node itself takes to start many children, to look at them, and to keep what outlives it; and what the look alone takes. */
import { spawn } from 'node:child_process';
import { find } from '../support/parts.js';
import type { Peer } from './peers.js';
import { quiet, running } from './running.js';

/** `start(nth)` is to be there. */
const all = (count: number): string => `for (let nth = 0; nth < ${count}; nth++) start(nth);`;

type Script = (program: string, argument: string, dir: string) => string;

const STARTING: Script = (program, argument) => `
  import { spawn } from 'node:child_process';
  const children = new Map();
  const start = nth => children.set(nth, spawn('${program}', ['${argument}'], { stdio: 'ignore', detached: true })
    .once('exit', () => start(nth)));`;

/** A look at what a third of the children use, each second, as JSON: as often as a heartbeat by default, and told to nobody. */
const LOOKING: Script = (program, argument, dir) => `${STARTING(program, argument, dir)}
  import { readFileSync } from 'node:fs';
  let turn = 0;
  setInterval(() => {
    turn += 1;
    for (const [nth, { pid }] of children) {
      if ((nth + turn) % 3 !== 0) continue;
      const fields = readFileSync(\`/proc/\${pid}/stat\`, 'latin1').split(' ');
      JSON.stringify({ v: 1, ts: Date.now(), pid, phase: 'running', cpu: Number(fields[13]), rss: Number(fields[23]) });
    }
  }, 1000);`;

/**
 * What must be there before a child begins, if a supervisor that is killed is to find it again, its exit code and its output:
 * who holds the place, who it is (twice: of an installation, of a run), a file that its shell writes the exit code to, one for each
 * stream, in a directory of its own.
 */
const KEEPING: Script = (program, argument, dir) => `
  import { spawn } from 'node:child_process';
  import { mkdirSync, openSync, closeSync, writeFileSync } from 'node:fs';
  const start = nth => {
    const cwd = \`${dir}/kept/\${nth}\`;
    mkdirSync(\`\${cwd}/logs\`, { recursive: true });
    for (const name of ['holder', 'installation', 'pid', 'token', 'exit'])
      writeFileSync(\`\${cwd}/\${name}\`, 'x'.repeat(128));
    const outputs = ['stdout', 'stderr'].map(name => openSync(\`\${cwd}/logs/\${name}\`, 'a'));
    spawn('/bin/sh', ['-c', '"$0" "$1"; echo $? >exit', '${program}', '${argument}'],
      { cwd, stdio: ['ignore', ...outputs], detached: true }).once('exit', () => start(nth));
    for (const fd of outputs) closeSync(fd);
  };`;

const bareNode = (name: string, script: Script): Peer => ({
  name,
  from: 'Node itself',
  isThere: true,
  start: async (dir, program, argument, count) => {
    const text = script(program, argument, dir) + all(count);
    return running(spawn(process.execPath, ['--input-type=module', '-e', text], quiet));
  },
});

/** The same look with no runtime to speak of, as little as reading two files of each can be: it starts them, and sends nothing. */
const PERL_LOOKS = `
  my ($program, $argument, $count) = @ARGV;
  my @pids = map { my $pid = fork; $pid or exec $program, $argument or exit 127; $pid } 1 .. $count;
  for (my $turn = 0; ; select(undef, undef, undef, 1), $turn++) {
    for my $pid (@pids[grep { ($_ + $turn) % 3 == 0 } 0 .. $#pids]) {
      for my $file ('stat', 'statm') { sysopen my $in, "/proc/$pid/$file", 0; sysread $in, my $text, 1024 }
    }
  }`;

const perlLooks: Peer = {
  name: 'Perl that only looks',
  from: 'apt-get install perl',
  isThere: find('perl') !== null,
  startsAgain: false,
  start: async (_dir, program, argument, count) =>
    running(spawn('perl', ['-e', PERL_LOOKS, program, argument, String(count)], quiet)),
};

export const BARE_NODE: readonly Peer[] = [
  bareNode('ten lines of Node', STARTING),
  bareNode('the same that look', LOOKING),
  bareNode('the same that keep', KEEPING),
  perlLooks,
];
