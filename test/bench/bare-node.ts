/** What Node itself takes to start many children, to look at them, and to start what outlives it; and what the look alone takes. */
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

/** Forks what it is told to, each with its outputs in a directory, where it says first who it is. */
const PERL_FORKS = String.raw`
  use POSIX ();
  while (<STDIN>) {
    chomp;
    my ($dir, @command) = split /\0/;
    next if fork;
    POSIX::setsid();
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', "$dir/logs/stdout";
    open STDERR, '>>', "$dir/logs/stderr";
    sysopen my $stat, '/proc/self/stat', 0;
    sysread $stat, my $who, 512;
    sysopen my $run, "$dir/run", 2;
    syswrite $run, $who;
    exec @command or exit 127;
  }`;

/**
 * The least with which a supervisor that is killed finds its child again: who holds the place, of which installation, who the
 * child is, and a file for each stream, in a directory of its own; and a parent that outlives it, as fast as one can be had
 * without a compiler. It reads no settings, looks at nothing that is there, listens nowhere, and starts nobody again.
 */
const KEEPING: Script = (program, argument, dir) => `
  import { spawn } from 'node:child_process';
  import { mkdirSync, writeFileSync } from 'node:fs';
  const forks = spawn('perl', ['-e', ${JSON.stringify(PERL_FORKS)}], { stdio: ['pipe', 'ignore', 'ignore'] });
  const start = nth => {
    const own = \`${dir}/kept/\${nth}\`;
    mkdirSync(\`\${own}/logs\`, { recursive: true });
    for (const name of ['holder', 'installation', 'run'])
      writeFileSync(\`\${own}/\${name}\`, 'x'.repeat(128), { flag: 'wx' });
    forks.stdin.write([own, '${program}', '${argument}'].join('\\0') + '\\n');
  };`;

const bareNode = (name: string, script: Script, rest: Partial<Peer> = {}): Peer => ({
  name,
  from: 'Node itself',
  isThere: true,
  ...rest,
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
  bareNode('the least that keeps', KEEPING, {
    from: 'apt-get install perl',
    isThere: find('perl') !== null,
    startsAgain: false,
  }),
  perlLooks,
];
