/**
 * The tiny wrapper between a leaf and its target: a shell that records who the target is before it becomes it, and how it
 * ended after. It outlives the leaf, so that a restarted leaf adopts the target and still learns its exit code.
 *
 * A shell becomes the wrapper of one target, or starts those of many (the starter): that one is small, which makes a fork cheap,
 * and has learned its lesson once. Its wrappers stay outside the sessions of their targets.
 *
 * No twin, whenever the leaf dies: the wrapper writes its record first and then looks at the token; a restarted leaf
 * writes a new token first and then looks for a record. Either it finds the target, or the wrapper finds the token changed
 * and does not become it (Dekker's argument). It looks before, too, so that one that comes late writes over nobody's record. Whether
 * the leaf still listens when it is told does not matter: the next one adopts the target.
 *
 * Orders come by standard input, so that neither words nor environment show in a list of processes.
 */
import { MARK } from './marked.js';
import { inWords, quote } from './shell-words.js';
import { systemProgram } from './system-program.js';
import { END_BYTES, WHO_BYTES } from './target-file.js';

/** Exit code of a wrapper that found its token changed. */
export const OVERTAKEN = 125;

// What is said on descriptor 3, each in a line after the token of its launch.
/** The wrapper was forked, as this pid. */
export const FORKED = 'forked';
/** It is about to become the target: pid and process group. */
export const STARTED = 'started';
/** The command can't be found or executed. */
export const NOT_FOUND = 'not-found';
/** A directory can't be entered. */
export const NO_DIRECTORY = 'no-directory';
/** The target has ended: its exit status, as a shell has it. */
export const OVER = 'over';
/** Said in place of a token: the shell that was started ahead has ended, before its orders or as the target. */
export const APPRENTICE_GONE = 'gone';
/** The same: it can't be a starter of many. */
export const UNFIT = 'unfit';

/** Frees what a starter of many keeps of the wrappers that have ended: they are its children. */
export const REAP = 'jobs >/dev/null\n';

/**
 * What a shell is taught before it has orders. The names are odd since a target's variables stand beside them. Files for a
 * target's output are made as with mode 0640.
 */
export const LESSON = `
_cy_mask=$(umask)
umask g-w,o=
_cy_files=$(umask)
umask "$_cy_mask"
_cy_told() {
  { read -r _cy_ && printf '%-${END_BYTES - 1}s\\n' "$_cy_token $1" >&0; } 0<>"$_cy_dir/target.run"
  echo "$_cy_token ${OVER} $1" >&3
  exit "$1"
}
_cy_self() {
  if [ -r /proc/self/stat ]; then
    read -r _cy_pid _cy_ _cy_ _cy_wrapper _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ \
      _cy_ _cy_ _cy_start _cy_ </proc/self/stat
  else
    _cy_pid=$(exec /bin/sh -c 'echo $PPID') _cy_start=- _cy_wrapper=$$
  fi
}
_cy_mine() {
  read -r _cy_now <"$_cy_dir/target.run"
  [ "$_cy_now" = "$_cy_token" ] || exit ${OVERTAKEN}
}
_cy_become() {
  case $_cy_program in
    */*) [ -f "$_cy_program" ] && [ -x "$_cy_program" ] ;;
    *) command -v "$_cy_program" >/dev/null ;;
  esac || { echo "$_cy_token ${NOT_FOUND}" >&3; exit 127; }
  _cy_who="$_cy_pid $_cy_start $_cy_boot $_cy_token \${_cy_group:=$_cy_pid} $_cy_wrapper $_cy_at"
  _cy_mine
  { read -r _cy_ && read -r _cy_ && printf '%-${WHO_BYTES - 1}s\\n' "$_cy_who" >&0; } 0<>"$_cy_dir/target.run" ||
    exit ${OVERTAKEN}
  _cy_mine
  trap : PIPE
  echo "$_cy_token ${STARTED} $_cy_pid $_cy_group" >&3 2>/dev/null
  trap - PIPE
  umask "$_cy_mask"
  exec "$@" 3>&-
}
`;

/** Signals are the target's, whose group the wrapper may share: it lives on to tell how that one took them. */
const DEAF = 'trap : HUP INT QUIT TERM USR1 USR2 ALRM\n';

/**
 * How a starter of many keeps its targets apart: each gets a session, and back what a shell in the background ignores for ever
 * (SIGINT and SIGQUIT; POSIX, 2.11).
 */
export interface Apart {
  /** The file of GNU coreutils' `env`: others have no such option, which shows when it is tried. */
  readonly env: string;
  /** The file of `setsid`. */
  readonly setsid: string;
}

const sessionOf = ({ env, setsid }: Apart): string[] => [env, '--default-signal=INT,QUIT', setsid];

/** What a starter of many is taught on top. */
export const lessonOfMany = (apart: Apart): string =>
  `${quoted(sessionOf(apart))} true || { echo '${UNFIT}' >&3; exit; }\n`;

/** And a wrapper with time to wait: it starts the shell that is to become the target ahead of the orders, which that one gets itself. */
export const masterLesson = (setsid: string | null): string =>
  `${DEAF}${setsid === null ? '' : `${quote(setsid)} `}/bin/sh 0<&4 4<&-\n_cy_code=$?\necho '${APPRENTICE_GONE}' >&3\n`;
export const apprenticeLesson = (setsid: string | null): string =>
  `${LESSON}_cy_group=${setsid === null ? '$PPID' : ''}\n_cy_self\n`;

/** May be one and the same file. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Orders {
  readonly dataDir: string;
  readonly token: string;
  readonly bootId: string;
  /** When it is launched: milliseconds since the epoch. */
  readonly at: number;
  /** The command, and the programs that prepare its ground and become it (`nice`, `setpriv`). */
  readonly words: readonly string[];
  readonly before: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** By which the target's processes are known; '': by nothing. */
  readonly mark: string;
  readonly output: Output;
  readonly cwd: string;
  /** Octal; '' leaves it as it is. */
  readonly umask: string;
}

/*
 * Each is one compound command: a shell parses all of it before it runs any, so that one that was cut off starts nothing. The
 * shells' own stderr goes nowhere, or they would write "Killed" among the target's lines.
 */
const compound = (commands: string): string => `{\n${commands}}\n`;

/** For a starter of many. */
export const oneOfMany = (orders: Orders, apart: Apart): string =>
  compound(`(
${wrapping(orders, sessionOf(apart), '_cy_group=')}) &
echo "${orders.token} ${FORKED} $!" >&3
`);
/** For a shell that becomes the wrapper. */
export const singleOrders = (orders: Orders, setsid: string | null): string =>
  compound(setsid === null ? wrapping(orders, [], '_cy_group=$$') : wrapping(orders, [setsid], '_cy_group='));
/** For one that has started the other ahead, and for that one. */
export const masterOrders = (orders: Orders): string => compound(`${names(orders)}\n_cy_told $_cy_code\n`);
export const apprenticeOrders = (orders: Orders): string =>
  compound(`${names(orders)}\n${becoming(orders, [])}`);

const names = ({ dataDir, token }: Orders): string => `_cy_dir=${quote(dataDir)} _cy_token=${token}`;
const quoted = (list: readonly string[]): string => list.map(quote).join(' ');

const wrapping = (orders: Orders, session: readonly string[], group: string): string => `${names(orders)}
${DEAF}(
${group}
_cy_self
${becoming(orders, session)})
_cy_told $?
`;

/** `session`: the programs that make one, if it has none yet. */
function becoming(orders: Orders, session: readonly string[]): string {
  const { bootId, at, words, before, env, mark, output, cwd, umask } = orders;
  const told = inWords(env);
  const enter =
    cwd === '' ? '' : `cd ${quote(cwd)} || { echo "$_cy_token ${NO_DIRECTORY}" >&3; exit 127; }\n`;
  return `${enter}_cy_boot=${quote(bootId)} _cy_at=${at} _cy_program=${quote(words[0] ?? '')}
umask "$_cy_files"
${redirect(1, output.stdout)}${redirect(2, output.stderr)}${umask === '' ? '' : `_cy_mask=${quote(umask)}\n`}${told.exports}
${mark === '' ? '' : `export ${MARK}=${quote(mark)}\n`}exec </dev/null
set -- ${quoted([...told.before, ...behindEnv([...session, ...before], words)])}
[ -z "$BASH_VERSION" ] || set -- ${quoted(told.beforeInBash)} "$@"
_cy_become "$@"
`;
}

/** To `env`, a program with `=` in its path is a variable: another program goes between then. */
const behindEnv = (programs: readonly string[], words: readonly string[]): string[] =>
  programs.length === 0 && words[0]?.includes('=')
    ? [systemProgram('nice') ?? 'nice', '-n', '0', ...words]
    : [...programs, ...words];

/** A FIFO is opened for reading as well, so that it stays open when nobody else reads it. */
const redirect = (fd: number, file: string): string =>
  `if [ -p ${quote(file)} ]; then exec ${fd}<>${quote(file)}; else exec ${fd}>>${quote(file)}; fi\n`;
