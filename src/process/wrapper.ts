/**
 * The wrapper: a shell that does for one target what a shim does for all (see shim-script.ts), where a system has no Perl. It records
 * who the target is before it becomes it, and how it ended after, and outlives the leaf.
 *
 * No twin, whenever the leaf dies: by the same protocol as a shim's. Orders come by standard input, too.
 */
import { NO_DIRECTORY, NOT_FOUND, OVER, OVERTAKEN, STARTED } from './launch-words.js';
import { MARK } from './marked.js';
import type { Orders } from './orders.js';
import { inWords, quote } from './shell-words.js';
import { systemProgram } from './system-program.js';
import { END_BYTES, WHO_BYTES } from './target-file.js';

/**
 * What a shell is taught first. The names are odd since a target's variables stand beside them. Files for a
 * target's output are made as with mode 0640.
 */
const LESSON = `
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
  echo "$_cy_token ${STARTED} $_cy_pid $_cy_group $_cy_start" >&3 2>/dev/null
  trap - PIPE
  umask "$_cy_mask"
  exec "$@" 3>&-
}
`;

/** Signals are the target's, whose group the wrapper may share: it lives on to tell how that one took them. */
const DEAF = 'trap : HUP INT QUIT TERM USR1 USR2 ALRM\n';

/**
 * All that a shell is told that becomes the wrapper. The orders are one compound command: a shell parses all of it before it runs any, so that one that
 * was cut off starts nothing. Its own stderr goes nowhere, or it would write "Killed" among the target's lines.
 *
 * `setsid`: the file of that program; null: there is none, and the target shares the wrapper's group.
 */
export const wrapperScript = (orders: Orders, setsid: string | null): string => `${LESSON}{
_cy_dir=${quote(orders.dataDir)} _cy_token=${orders.token}
${DEAF}(
_cy_group=${setsid === null ? '$$' : ''}
_cy_self
${becoming(orders, setsid === null ? [] : [setsid])})
_cy_told $?
}
`;

const quoted = (list: readonly string[]): string => list.map(quote).join(' ');

/** `session`: the program that makes one. */
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
