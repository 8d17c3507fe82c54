/**
 * The shim, in Perl: the parent of targets that outlives the leaf, as containerd's does. It forks, records who the target is before
 * it becomes it, waits, and records how it ended. Node can't: a fork of it takes milliseconds of its only thread, and nobody can
 * wait for a child of somebody who is gone. A shell can, at the price of a process per target (see wrapper.ts): for systems without Perl.
 *
 * No twin, whenever the leaf dies: the target-to-be writes its record first and then looks at the token; a restarted leaf
 * writes a new token first and then looks for a record. Either it finds the target, or the other finds the token changed
 * and does not become it (Dekker's argument). It looks before, too, so that one that comes late writes over nobody's record.
 *
 * Orders come by standard input, so that neither words nor environment show in a list of processes: see orders.ts. What is cut off starts nothing. Its words go to descriptor 3, see launch-words.ts.
 */
import { NO_DIRECTORY, NO_PROCESS, NOT_FOUND, OVER, OVERTAKEN, READY, STARTED } from './launch-words.js';
import { MARK } from './marked.js';
import { END_AT, END_BYTES, TOKEN_BYTES, WHO_AT, WHO_BYTES } from './target-file.js';

/** Seconds without an order before a spare is forked: it would be in the way of others. */
const QUIET_S = 0.03;
/** Exit codes of POSIX shells (2.8.2) for a command that is found but can't be executed, and for one that isn't found. */
const [NOT_EXECUTABLE, MISSING] = [126, 127];

export const SHIM_SCRIPT = String.raw`
use strict;
use POSIX ();
$0 = 'canopy shim';
open my $words, '>&=', 3 or exit 1;
pipe my $child_ended, my $wake or exit 1;
$SIG{CHLD} = sub { syswrite $wake, '.' };
$SIG{PIPE} = 'IGNORE';
my $umask = umask;
my ($orders, $is_open, $environment, %launched, $spare, $to_spare) = ('', 1, '');

sub tell_leaf { syswrite $words, "@_\n" }

sub content {
  my ($file, $bytes) = @_;
  open my $in, '<', $file or return '';
  sysread $in, my $text, $bytes;
  $text;
}

# A whole line, in place.
sub overwrite {
  my ($run, $at, $bytes, $text) = @_;
  sysseek $run, $at, 0;
  (syswrite $run, sprintf "%-*s\n", $bytes - 1, $text) == $bytes;
}

sub look_at_token {
  my ($run, $token) = @_;
  sysseek $run, 0, 0;
  sysread $run, my $line, ${TOKEN_BYTES};
  exit ${OVERTAKEN} unless $line eq sprintf "%-${TOKEN_BYTES - 1}s\n", $token;
}

# The 22nd field of proc(5): the second is the program's name, which may hold blanks.
sub start_time {
  my $stat = content('/proc/self/stat', 1024);
  $stat eq '' ? '-' : (split / /, substr $stat, 2 + rindex $stat, ')')[19];
}

sub is_there {
  my ($program) = @_;
  return -f $program && -x _ if $program =~ m{/};
  for my $folder (split /:/, $ENV{PATH} // '/bin:/usr/bin', -1) {
    my $file = ($folder eq '' ? '.' : $folder) . "/$program";
    return 1 if -f $file && -x _;
  }
}

# A FIFO is opened for reading as well, so that it stays open when nobody else reads it.
sub redirect {
  my ($handle, $file) = @_;
  open $handle, -p $file ? '+<' : '>>', $file or exit ${NOT_EXECUTABLE};
}

# Most targets have the environment of the one before.
sub take_environment {
  return if $_[0] eq $environment;
  $environment = $_[0];
  %ENV = map { split /=/, $_, 2 } split /\0/, $environment;
}

sub become {
  my ($token, $dir, $boot, $at, $mark, $out, $err, $cwd, $mask, $before, @command) = split /\0/, $_[0], -1;
  pop @command;
  $ENV{'${MARK}'} = $mark if $mark ne '';
  if ($cwd ne '' && !chdir $cwd) { tell_leaf($token, '${NO_DIRECTORY}'); exit ${MISSING} }
  umask($umask | 027);
  open STDIN, '<', '/dev/null';
  redirect(*STDOUT, $out);
  redirect(*STDERR, $err);
  if (!is_there($command[$before])) { tell_leaf($token, '${NOT_FOUND}'); exit ${MISSING} }
  open my $run, '+<', "$dir/target.run" or exit ${OVERTAKEN};
  my $start = start_time();
  look_at_token($run, $token);
  my $who = join ' ', $$, $start, $boot, $token, $$, getppid, $at;
  overwrite($run, ${WHO_AT}, ${WHO_BYTES}, $who) or exit ${OVERTAKEN};
  look_at_token($run, $token);
  tell_leaf($token, '${STARTED}', $$, $$, $start);
  close $words;
  $SIG{$_} = 'DEFAULT' for 'CHLD', 'PIPE';
  umask($mask eq '' ? $umask : oct $mask);
  exec { $command[0] } @command;
  exit($! == POSIX::ENOENT() ? ${MISSING} : ${NOT_EXECUTABLE});
}

# One that waits for its orders: a fork less while somebody waits for a target.
sub fork_spare {
  pipe my $from_shim, my $to or return;
  $spare = fork;
  if ($spare) { $to_spare = $to; return }
  return unless defined $spare;
  close $to;
  POSIX::setsid();
  my $order = '';
  1 while sysread $from_shim, $order, 65536, length $order;
  my ($bytes, $of_variables) = unpack 'NN', $order;
  exit unless length $order > 8 && length $order == 8 + $bytes + $of_variables;
  take_environment(substr $order, 8 + $bytes);
  become(substr $order, 8, $bytes);
}

sub forked {
  my ($order, $variables) = @_;
  my $pid = $spare;
  if ($pid) {
    my $text = pack('NN', length $order, length $variables) . $order . $variables;
    my $written = 0;
    while ($written < length $text) {
      my $bytes = syswrite $to_spare, $text, length($text) - $written, $written;
      last unless defined $bytes || $! == POSIX::EINTR();
      $written += $bytes // 0;
    }
    ($spare, $to_spare) = ();
    return $pid;
  }
  take_environment($variables);
  $pid = fork;
  return $pid if $pid || !defined $pid;
  POSIX::setsid();
  become($order);
}

sub launch {
  my ($order, $variables) = @_;
  my ($token, $dir) = split /\0/, $order, 3;
  my $pid = forked($order, $variables);
  if (!$pid) { tell_leaf($token, '${NO_PROCESS}'); return }
  $launched{$pid} = [$token, "$dir/target.run"];
}

# One that comes late writes over the end of nobody else.
sub record_end {
  my ($token, $file, $code) = @_;
  open my $run, '+<', $file or return;
  sysread $run, my $known, ${WHO_AT + WHO_BYTES};
  overwrite($run, ${END_AT}, ${END_BYTES}, "$token $code") if index($known, $token) >= 0;
}

sub wait_for_children {
  sysread $child_ended, my $dots, 4096;
  while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
    my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    ($spare, $to_spare) = () if $spare && $pid == $spare;
    my ($token, $file) = @{ delete $launched{$pid} or next };
    record_end($token, $file, $code);
    tell_leaf($token, '${OVER}', $code);
  }
}

sub read_orders {
  my $bytes = sysread STDIN, $orders, 65536, length $orders;
  $is_open = 0 unless $bytes || !defined $bytes && $! == POSIX::EINTR();
  while ($orders =~ /\A(\d+) (\d+)\n/ && length $orders >= $+[0] + $1 + $2) {
    my ($head, $size, $of_variables) = ($+[0], $1, $2);
    substr $orders, 0, $head, '';
    if ($size == 0) { tell_leaf('${READY}'); next }
    my $order = substr $orders, 0, $size, '';
    launch($order, substr $orders, 0, $of_variables, '');
  }
}

tell_leaf('${READY}');
while ($is_open || %launched) {
  ($spare, $to_spare) = () unless $is_open;
  my $ready = '';
  vec($ready, 0, 1) = $is_open;
  vec($ready, fileno $child_ended, 1) = 1;
  my $count = select $ready, undef, undef, $spare || !$is_open ? undef : ${QUIET_S};
  fork_spare() if $count == 0;
  next if $count < 1;
  wait_for_children() if vec $ready, fileno $child_ended, 1;
  read_orders() if vec $ready, 0, 1;
}
`;
