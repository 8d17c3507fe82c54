/** What a process that a shim has forked does, in Perl: it makes its ground that of the target, says who it is, and becomes it. */
import { INSIDE, NO_DIRECTORY, NOT_FOUND, OVERTAKEN, STARTED } from './launch-words.js';
import { MARK } from './marked.js';
import { APPENDING, ENOENT } from './shim-system.js';
import { TOKEN_BYTES, WHO_AT, WHO_BYTES } from './target-file.js';

/** Exit codes of POSIX shells (2.8.2) for a command that is found but can't be executed, and for one that isn't found. */
const [NOT_EXECUTABLE, MISSING] = [126, 127];

/** Bytes of an environment that the shim itself takes, for those that come next. */
export const SHORT = 20_000;

/** Subs of the shim's script. */
export const BECOMING = String.raw`
sub is_mine {
  my ($run, $token) = @_;
  sysseek $run, 0, 0;
  sysread $run, my $line, ${TOKEN_BYTES};
  $line eq sprintf "%-${TOKEN_BYTES - 1}s\n", $token;
}

# Who is recorded, or was.
sub recorded {
  my ($run) = @_;
  sysseek $run, ${WHO_AT}, 0;
  sysread $run, my $who, ${WHO_BYTES - 1};
  $who // '';
}

# The 22nd field of proc(5): the second is the program's name, which may hold blanks.
sub start_time {
  my $stat = content('/proc/self/stat', 1024);
  $stat eq '' ? '-' : (split / /, substr $stat, 2 + rindex $stat, ')')[19];
}

sub is_there {
  my ($program) = @_;
  return -f $program && -x _ if $program =~ m{/};
  my @folders = split /:/, $ENV{PATH} // '/bin:/usr/bin', -1;
  for my $folder (@folders ? @folders : '') {
    my $file = ($folder eq '' ? '.' : $folder) . "/$program";
    return 1 if -f $file && -x _;
  }
}

# A FIFO is opened for reading as well, so that it stays open when nobody else reads it. A file with which a successor goes on is there.
sub redirect {
  my ($handle, $file, $goes_on) = @_;
  my $is_open = $goes_on
    ? sysopen $handle, $file, ${APPENDING}
    : open $handle, -p $file ? '+<' : '>>', $file;
  exit ${NOT_EXECUTABLE} unless $is_open;
}

# Most targets have the environment of the one before.
sub take_environment {
  return if $_[0] eq $environment;
  $environment = $_[0];
  %ENV = map { split /=/, $_, 2 } split /\0/, $environment;
}

my $start;

# What needs no order.
sub prepare {
  new_session();
  open STDIN, '<', '/dev/null';
  $start = start_time();
}

sub become {
  my ($token, $dir, $boot, $at, undef, $mark, $out, $err, $cwd, $mask, $before, @command) = split /\0/, $_[0], -1;
  pop @command;
  $SIG{$_} = 'DEFAULT' for 'CHLD', grep { $_ ne 'PIPE' } @deaf;
  $ENV{'${MARK}'} = $mark if $mark ne '';
  if ($cwd ne '' && !chdir $cwd) { tell_leaf($token, '${NO_DIRECTORY}'); exit ${MISSING} }
  umask($umask | 027);
  redirect(*STDOUT, $out, !$at);
  redirect(*STDERR, $err, !$at);
  if (!is_there($command[$before])) { tell_leaf($token, '${NOT_FOUND}'); exit ${MISSING} }
  open my $run, '+<', "$dir/target.run" or exit ${OVERTAKEN};
  exit ${OVERTAKEN} unless is_mine($run, $token);
  my $former = recorded($run);
  my $who = sprintf '%-${WHO_BYTES - 1}s', join ' ', $$, $start, $boot, $token, $$, getppid, $at || int 1000 * $wall->();
  overwrite($run, ${WHO_AT}, ${WHO_BYTES}, $who) or exit ${OVERTAKEN};
  if (!is_mine($run, $token)) {
    # How that one ended is still of interest.
    overwrite($run, ${WHO_AT}, ${WHO_BYTES}, $former) if recorded($run) eq $who;
    exit ${OVERTAKEN};
  }
  # The shim says it of one that follows: its leaf would be woken where the target wants to begin.
  tell_leaf($token, '${STARTED}', $$, $$, $start, $begins_inside ? '${INSIDE}' : ()) if $at;
  close $words;
  $SIG{PIPE} = 'DEFAULT';
  umask($mask eq '' ? $umask : oct $mask);
  exec { $command[0] } @command;
  exit($! == ${ENOENT} ? ${MISSING} : ${NOT_EXECUTABLE});
}
`;
