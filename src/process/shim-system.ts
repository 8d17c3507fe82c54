/**
 * What a shim wants of its system, in Perl. A fork copies what the parent has in memory: without Perl's POSIX and Time::HiRes a launch takes
 * a quarter less of a core. They are loaded where the numbers of system calls are not known.
 */
import { constants as files } from 'node:fs';
import { constants as system } from 'node:os';

interface Calls {
  /** setsid(2), clock_gettime(2) and clone3(2). */
  readonly session: number;
  readonly clock: number;
  readonly clone: number;
}

/** include/uapi/asm-generic/unistd.h */
const GENERIC: Calls = { session: 157, clock: 113, clone: 435 };
/** Of Linux, by `process.arch`: the system call tables below arch/ of its source. */
const CALLS: Readonly<Record<string, Calls>> = {
  x64: { session: 112, clock: 228, clone: 435 },
  ppc64: { session: 66, clock: 246, clone: 435 },
  s390x: { session: 66, clock: 260, clone: 435 },
  arm64: GENERIC,
  riscv64: GENERIC,
  loong64: GENERIC,
};
const NONE: Calls = { session: 0, clock: 0, clone: 0 };
const { session, clock, clone } = (process.platform === 'linux' && CALLS[process.arch]) || NONE;

export const { ENOENT, EEXIST, EINTR, ESRCH, ENOSYS, EINVAL, E2BIG, EPERM } = system.errno;
export const APPENDING = files.O_WRONLY | files.O_APPEND;
/** Of Linux, macOS and the BSDs alike. */
export const WNOHANG = 1;

/** Subs of the shim's script. */
export const SYSTEM = String.raw`
# Our own numbers are for a Perl with pointers of 8 bytes.
my $is_known = 8 == length pack 'p', undef;
my ($setsid, $clock_gettime, $clone3) = map { $is_known && $_ } ${session}, ${clock}, ${clone};

sub new_session {
  syscall $setsid if $setsid;
  return if getpgrp == $$;
  require POSIX;
  POSIX::setsid();
}

# Seconds, of a struct timespec; 0 where it can't be asked.
sub clock {
  # A Perl without numbers of 64 bits can't so much as read it.
  return 0 unless $clock_gettime;
  my $now = "\0" x 16;
  syscall $clock_gettime, $_[0], $now;
  my ($seconds, $ns) = unpack 'q2', $now;
  $seconds + $ns / 1e9;
}

# Seconds: those of a clock that is never set, and those since the epoch. Not every Perl has finer ones.
my ($runtime, $wall) = clock(1)
  ? (sub { clock(1) }, sub { clock(0) })
  : eval { require Time::HiRes }
  ? (sub { Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) }, sub { Time::HiRes::time() })
  : (sub { require POSIX; (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }, sub { time });
# Before there is anybody who would have to do it.
require POSIX unless $setsid;
`;
