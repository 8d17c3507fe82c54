/**
 * What a shim does when a target ends after which another is to be launched at once, in Perl. Its leaf has said so beforehand:
 * it is told as the successor is under way, and two processes need not be woken first.
 *
 * No twin: the token of the successor is in the file by then, unless the leaf means otherwise, or another leaf has come.
 */
import { FOLLOWED } from './launch-words.js';
import { SHORT } from './shim-becoming.js';
import { ESRCH } from './shim-system.js';
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
  my ($out, $err) = (split /\0/, $order)[6, 7];
  my @files = map { [$_, (stat)[0, 1, 7]] } $out, $err eq $out ? () : $err;
  $successors{$token} = [@how, \@files, $order, $variables eq $environment ? $environment : $variables];
}

sub is_empty {
  my ($cgroup) = @_;
  open my $in, '<', "$cgroup/cgroup.procs" or return;
  my $bytes = sysread $in, my $pid, 1;
  defined $bytes && $bytes == 0;
}

# Where it is long, or ends amid a line, the leaf begins another one; where it is another file than it was, or shorter, too.
sub goes_on {
  my ($longest, $file, $device, $inode, $least) = @_;
  return unless defined $inode && -f $file && open my $in, '<', $file;
  my ($now_device, $now_inode, $bytes) = (stat $in)[0, 1, 7];
  return if $now_device != $device || $now_inode != $inode || $bytes < $least;
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
  my ($unless, $cgroup, $longest, $files, $order, $variables) = @{ delete $successors{$before} or return };
  return if index(",$unless,", ",$code,") >= 0 || kill(0, -$group) || $! != ${ESRCH} || !is_empty($cgroup);
  return if grep { !goes_on($longest, @$_) } @$files;
  return unless is_wanted(split /\0/, $order, 3);
  # Who kills the cgroup of a target lets none follow.
  launch($order, $variables, 1);
  '${FOLLOWED}';
}
`;
