/**
 * How a shim comes by a process that becomes a target, in Perl. Where it can be, it begins in its target's cgroup: clone3(2) makes it there at no cost
 * to speak of, while a move takes the kernel some 10 ms, and whatever the target has started by then may be out of sight.
 */
import { SHORT } from './shim-becoming.js';
import { E2BIG, EEXIST, EINVAL, ENOSYS, EPERM } from './shim-system.js';

/** Seconds without an order before a spare is forked: it would be in the way of others. */
export const QUIET_S = 0.03;
/** Seconds until it is tried again where none could be forked. */
const RETRY_S = 60;

/** So many in a row that were killed before they were anything are no accident. */
const UNLUCKY = 3;

/** Subs of the shim's script. */
export const FORKING = `
# An older Perl keeps what it knows of itself when it is forked behind its back.
my $knows_clone3 = $clone3 && $] >= 5.016;
# The last one that was forked.
my $begins_inside = 0;

# As fork; undef where that has to do. What is in there has to be killed at once, see cgroup.ts. Where a cgroup has been killed once,
# Linux (6.14 and later) kills whoever is made in it: it has to be a new one, unless it is known to be whole.
sub fork_inside {
  my ($cgroup, $is_whole) = @_;
  return if !$knows_clone3 || $cgroup eq '';
  unless ($is_whole || mkdir $cgroup) {
    return if $! != ${EEXIST};
    mkdir $cgroup if rmdir $cgroup;
  }
  return unless open my $directory, '<', $cgroup and -w "$cgroup/cgroup.kill";
  # CLONE_INTO_CGROUP, and SIGCHLD (17) at its end.
  my $pid = eval {
    my $how = pack 'Q11', 2**33, 0, 0, 0, 17, 0, 0, 0, 0, 0, fileno $directory;
    syscall $clone3, $how, length $how;
  };
  return $pid if defined $pid && $pid >= 0;
  # The others may pass.
  $knows_clone3 = 0 if !defined $pid || grep { $! == $_ } ${ENOSYS}, ${EINVAL}, ${E2BIG}, ${EPERM};
  return;
}

# Where the cgroup of the shim itself has been killed once, that goes for all of them.
my $killed_at_birth = 0;

sub learn {
  my ($is_inside, $was_it, $code) = @_;
  $killed_at_birth = $is_inside && !$was_it && $code eq '-9' ? $killed_at_birth + 1 : 0;
  $knows_clone3 = 0 if $killed_at_birth == ${UNLUCKY};
}

# One that waits for its orders: a fork less while somebody waits for a target.
sub fork_spare {
  pipe my $from_shim, my $to or return;
  $spare = fork;
  $quiet = defined $spare ? ${QUIET_S} : ${RETRY_S};
  if ($spare) { $to_spare = $to; return }
  return unless defined $spare;
  $begins_inside = 0;
  close $to;
  prepare();
  my $order = '';
  1 while sysread $from_shim, $order, 65536, length $order;
  my ($bytes, $of_variables) = unpack 'NN', $order;
  exit unless length $order > 8 && length $order == 8 + $bytes + $of_variables;
  take_environment(substr $order, 8 + $bytes);
  become(substr $order, 8, $bytes);
}

# One that was killed has not become anything.
sub spare_told {
  my ($order, $variables) = @_;
  my $pid = $spare or return;
  my $is_told = say_all($to_spare, pack('NN', length $order, length $variables) . $order . $variables);
  ($spare, $to_spare) = ();
  $is_told && $pid;
}

sub forked {
  my ($order, $variables, $cgroup, $follows) = @_;
  $begins_inside = 0;
  # The run before it left nobody in the cgroup, or none would follow: a target that begins with a daemon is another one. A spare is
  # quicker, and moved there a little later.
  my $told = $follows && spare_told($order, $variables);
  return $told if $told;
  # A long one takes its time, for which others would have to wait.
  take_environment($variables) if length $variables < ${SHORT};
  my $pid = fork_inside($cgroup, $follows);
  $begins_inside = defined $pid;
  $pid //= spare_told($order, $variables) || fork;
  return $pid if $pid || !defined $pid;
  prepare();
  take_environment($variables);
  become($order);
}
`;
