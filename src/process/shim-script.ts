/**
 * The shim, in Perl: the parent of targets that outlives the leaf, as containerd's does. It forks, records who the target is before
 * it becomes it, waits, and records how it ended. Node can't: a fork of it takes milliseconds of its only thread, and nobody can
 * wait for a child of somebody who is gone. A shell can, at the price of a process per target (see wrapper.ts): for systems without Perl.
 *
 * No twin, whenever the leaf dies: the target-to-be writes its record first and then looks at the token; a restarted leaf
 * writes a new token first and then looks for a record. Either it finds the target, or the other finds the token changed
 * and does not become it (Dekker's argument). It looks before, too, so that one that comes late writes over nobody's record.
 *
 * Orders come by standard input, so that neither words nor environment show in a list of processes: see orders.ts. What is cut off starts
 * nothing. Its words go to descriptor 3, see launch-words.ts.
 */
import { INSIDE, NO_PROCESS, OVER, READY, STARTED } from './launch-words.js';
import { BECOMING } from './shim-becoming.js';
import { FOLLOWING } from './shim-following.js';
import { FORKING, QUIET_S } from './shim-forking.js';
import { EINTR, SYSTEM, WNOHANG } from './shim-system.js';
import { END_AT, END_BYTES, WHO_AT, WHO_BYTES } from './target-file.js';

/** Seconds that a successor has for itself before its leaf is told: that takes a core which it may have to wait for. */
const LATE_S = 0.005;
/** Seconds between two looks whether one that is held up has begun. */
const LOOK_S = 0.1;
export const SHIM_SCRIPT = String.raw`
use strict;
$0 = 'canopy shim';
open my $words, '>&=', 3 or exit 1;
pipe my $child_ended, my $wake or exit 1;
$SIG{CHLD} = sub { syswrite $wake, '.' };
# Signals to all of a service are for its targets: it lives on to tell how they took them.
my @deaf = qw(PIPE HUP INT QUIT TERM USR1 USR2 ALRM);
$SIG{$_} = 'IGNORE' for @deaf;
my ($umask, $quiet) = (umask, ${QUIET_S});
my ($orders, $is_open, $environment, %launched, $spare, $to_spare) = ('', 1, '');
# What the leaf is told a little later: ends, and which successors have begun.
my (@late, %untold);
${SYSTEM}
# All of it, where the leaf does not listen for a while and a child ends meanwhile, too.
sub say_all {
  my ($handle, $text) = @_;
  my $said = 0;
  while ($said < length $text) {
    my $bytes = syswrite $handle, $text, length($text) - $said, $said;
    return unless defined $bytes || $! == ${EINTR};
    $said += $bytes // 0;
  }
  1;
}

sub tell_leaf { say_all($words, "@_\n") }

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

${FORKING}
${BECOMING}
sub launch {
  my ($order, $variables, $follows) = @_;
  my ($token, $dir, undef, $at_once, $cgroup) = split /\0/, $order, 6;
  my $at = $runtime->();
  my $pid = forked($order, $variables, $cgroup, $follows);
  if (!$pid) { tell_leaf($token, '${NO_PROCESS}'); return }
  $launched{$pid} = [$token, "$dir/target.run", $at, $begins_inside];
  $untold{$pid} = 1 unless $at_once;
}

sub tell_late {
  tell_leaf(@$_) for splice @late;
  tell_begun($_) for keys %untold;
}

# One that says nothing itself, once it is recorded.
sub tell_begun {
  my ($pid) = @_;
  my ($token, $file, undef, $is_inside) = @{ $launched{$pid} };
  my (undef, $start, undef, $recorded) = split / /, substr content($file, ${WHO_AT + WHO_BYTES}), ${WHO_AT};
  return unless defined $recorded && $recorded eq $token;
  tell_leaf($token, '${STARTED}', $pid, $pid, $start, $is_inside ? '${INSIDE}' : ());
  delete $untold{$pid};
}

# True where it was the target: one that came late writes over the end of nobody else.
sub record_end {
  my ($token, $file, $code) = @_;
  open my $run, '+<', $file or return;
  sysread $run, my $known, ${WHO_AT + WHO_BYTES};
  return if index($known, $token, ${WHO_AT}) < 0;
  overwrite($run, ${END_AT}, ${END_BYTES}, "$token $code");
  1;
}

${FOLLOWING}
sub wait_for_children {
  sysread $child_ended, my $dots, 4096;
  while ((my $pid = waitpid -1, ${WNOHANG}) > 0) {
    my $code = $? & 127 ? '-' . ($? & 127) : '=' . ($? >> 8);
    ($spare, $to_spare) = () if $spare && $pid == $spare;
    next unless $launched{$pid};
    tell_late() if $untold{$pid};
    my ($token, $file, $at, $is_inside) = @{ delete $launched{$pid} };
    delete $untold{$pid};
    my $ran = int 1000 * ($runtime->() - $at);
    learn($is_inside, scalar record_end($token, $file, $code), $code);
    my $followed = follow($token, $pid, $code);
    if ($followed) { push @late, [$token, '${OVER}', $code, $ran, $followed] }
    else { tell_leaf($token, '${OVER}', $code, $ran) }
  }
}

sub read_orders {
  my $bytes = sysread STDIN, $orders, 65536, length $orders;
  $is_open = 0 unless $bytes || !defined $bytes && $! == ${EINTR};
  while ($orders =~ /\A(\d+) (\d+) (\d+)\n/ && length $orders >= $+[0] + $1 + $2 + $3) {
    my @sizes = ($+[0], $1, $2, $3);
    my (undef, $order, $variables, $condition) = map { substr $orders, 0, $_, '' } @sizes;
    if ($order eq '') { tell_leaf('${READY}') }
    elsif ($condition eq '') { launch($order, $variables) }
    else { stand_by($condition, $order, $variables) }
  }
}

tell_leaf('${READY}');
while ($is_open || %launched) {
  ($spare, $to_spare) = () unless $is_open;
  my $ready = '';
  vec($ready, 0, 1) = $is_open;
  vec($ready, fileno $child_ended, 1) = 1;
  my $most = @late ? ${LATE_S} : $spare || !$is_open ? undef : $quiet;
  $most = ${LOOK_S} if %untold && !@late && ($most // 1) > ${LOOK_S};
  my $count = select $ready, undef, undef, $most;
  if ($count >= 0 && @late) { tell_late() }
  elsif ($count == 0) { tell_late(); fork_spare() if $is_open && !$spare }
  next if $count < 1;
  wait_for_children() if vec $ready, fileno $child_ended, 1;
  read_orders() if vec $ready, 0, 1;
}
`;
