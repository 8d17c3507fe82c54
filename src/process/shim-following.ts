/**
 * What a shim does when a target ends after which another is to be launched at once, in Perl. Its leaf has said so beforehand:
 * it is told as the successor is under way, and two processes need not be woken first.
 *
 * No twin: the token of the successor is in the file by then, unless the leaf means otherwise, or another leaf has come.
 */
import { FOLLOWED } from './launch-words.js';
import { SHORT } from './shim-becoming.js';
import { TOKEN_BYTES } from './target-file.js';

/** Subs of the shim's script. */
export const FOLLOWING = String.raw`
# By the token of the launch whose end they follow.
my %successors;

sub stand_by {
  my ($condition, $order, $variables) = @_;
  my ($token, @how) = split /\0/, $condition, -1;
  return unless grep { $_->[0] eq $token } values %launched;
  # The next spare has it from the start; and those that have the same share it.
  take_environment($variables) if length $variables < ${SHORT};
  $successors{$token} = [@how, $order, $variables eq $environment ? $environment : $variables];
}

sub is_empty {
  my ($cgroup) = @_;
  open my $in, '<', "$cgroup/cgroup.procs" or return;
  my $bytes = sysread $in, my $pid, 1;
  defined $bytes && $bytes == 0;
}

# Where it is long, or ends amid a line, the leaf begins another one; where it is gone, too.
sub goes_on {
  my ($file, $longest) = @_;
  return unless -f $file && open my $in, '<', $file;
  my $bytes = -s $in;
  return 1 unless $bytes;
  return unless $bytes < $longest && sysseek $in, $bytes - 1, 0;
  sysread $in, my $last, 1;
  $last eq "\n";
}

sub is_wanted {
  my ($token, $dir) = @_;
  $is_open && content("$dir/target.run", ${TOKEN_BYTES}) eq sprintf "%-${TOKEN_BYTES - 1}s\n", $token;
}

# Not where anything is left of the one before: that is for its leaf to end.
sub follow {
  my ($before, $group, $code) = @_;
  my ($unless, $cgroup, $longest, $order, $variables) = @{ delete $successors{$before} or return };
  return if index(",$unless,", ",$code,") >= 0 || kill(0, -$group) || $! != POSIX::ESRCH() || !is_empty($cgroup);
  my ($token, $dir, $out, $err) = (split /\0/, $order)[0, 1, 5, 6];
  return unless goes_on($out, $longest) && ($err eq $out || goes_on($err, $longest)) && is_wanted($token, $dir);
  launch($order, $variables);
  '${FOLLOWED}';
}
`;
