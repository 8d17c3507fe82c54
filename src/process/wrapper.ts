/**
 * The tiny wrapper between a leaf and its target: a shell that records who the target is before it becomes it, and how it
 * ended after. It outlives the leaf, so that a restarted leaf adopts the target and still learns its exit code.
 *
 * No twin, whenever the leaf dies: the wrapper writes its record first and then looks at the token; a restarted leaf
 * writes a new token first and then looks for a record. Either it finds the target, or the wrapper finds the token changed
 * and does not become it (Dekker's argument).
 *
 * It reads its orders from standard input, so that neither words nor environment show in a list of processes.
 */
import { MARK } from './marked.js';
import { inWords, quote } from './shell-words.js';

/** Records are written in place, over as many bytes as before: a full disk does not keep a target from being started. */
export const RECORD_BYTES = 160;
/** Says so on descriptor 3 where the command can't be found or executed. */
export const NOT_FOUND = 'not-found';
/** The same for a directory that can't be entered. */
export const NO_DIRECTORY = 'no-directory';
/** Exit code of a wrapper that found its token changed. */
export const OVERTAKEN = 125;

/**
 * What a shell is taught before it has orders. The names are odd since a target's variables stand beside them.
 * Signals to the group are the target's: the wrapper lives on to tell how it took them.
 */
export const LESSON = `
trap : HUP INT QUIT TERM USR1 USR2 ALRM
_cy_told() {
  printf '%-${RECORD_BYTES - 1}s\\n' "$_cy_token $1" 1<>"$_cy_dir/target.exit"
  exit "$1"
}
`;

/** What the one is taught that becomes the target; its pid and start time stay the same when it does. */
const BECOMING = `
_cy_self() {
  if [ -r /proc/self/stat ]; then
    read -r _cy_pid _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ \
      _cy_start _cy_ </proc/self/stat
  else
    _cy_pid=$(exec /bin/sh -c 'echo $PPID') _cy_start=-
  fi
}
_cy_become() {
  case $_cy_program in
    */*) [ -f "$_cy_program" ] && [ -x "$_cy_program" ] ;;
    *) command -v "$_cy_program" >/dev/null ;;
  esac || { echo ${NOT_FOUND} >&3; exit 127; }
  printf '%-${RECORD_BYTES - 1}s\\n' "$_cy_pid $_cy_start $_cy_boot $_cy_token $_cy_leader" 1<>"$_cy_dir/target.pid"
  read -r _cy_now <"$_cy_dir/target.token"
  [ "$_cy_now" = "$_cy_token" ] || exit ${OVERTAKEN}
  echo "$_cy_pid $_cy_leader" >&3
  [ -z "$_cy_mask" ] || umask "$_cy_mask"
  exec "$@" 3>&-
}
`;

/** A wrapper with time to wait has started its second shell, the one to become the target, ahead of the orders. */
export const WAITING_LESSON = `${LESSON}/bin/sh <&4 4<&-\n_cy_code=$?\n`;
export const SECOND_LESSON = `${BECOMING}_cy_leader=$PPID\n_cy_self\n`;
/** One without forks it when they come. */
export const PROMPT_LESSON = `${LESSON}${BECOMING}_cy_leader=$$\n`;

/** May be one and the same file. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Orders {
  readonly dataDir: string;
  readonly token: string;
  readonly bootId: string;
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

/**
 * Each is one compound command: a shell parses all of it before it runs any, so that one that was cut off starts nothing.
 * The shells' own stderr goes nowhere, or they would write "Killed" among the target's lines.
 */
export const promptOrders = (orders: Orders): string =>
  `{\n${names(orders)}\n(\n_cy_self\n${becoming(orders)})\n_cy_told $?\n}\n`;
export const waitingOrders = (orders: Orders): string => `{\n${names(orders)}\n_cy_told $_cy_code\n}\n`;
export const secondOrders = (orders: Orders): string => `{\n${names(orders)}\n${becoming(orders)}}\n`;

const names = ({ dataDir, token }: Orders): string => `_cy_dir=${quote(dataDir)} _cy_token=${token}`;

function becoming({ bootId, words, before, env, mark, output, cwd, umask }: Orders): string {
  const enter = cwd === '' ? '' : `cd ${quote(cwd)} || { echo ${NO_DIRECTORY} >&3; exit 127; }\n`;
  const quoted = (list: readonly string[]): string => list.map(quote).join(' ');
  const told = inWords(env);
  return `${enter}_cy_boot=${quote(bootId)} _cy_mask=${quote(umask)} _cy_program=${quote(words[0] ?? '')}
${told.exports}${mark === '' ? '' : `\nexport ${MARK}=${quote(mark)}`}
exec </dev/null
${redirect(1, output.stdout)}${redirect(2, output.stderr)}
set -- ${quoted([...before, ...told.before, ...words])}
[ -z "$BASH_VERSION" ] || set -- ${quoted(told.beforeInBash)} "$@"
_cy_become "$@"
`;
}

/** A FIFO is opened for reading as well, so that it stays open when nobody else reads it. */
const redirect = (fd: number, file: string): string =>
  `if [ -p ${quote(file)} ]; then exec ${fd}<>${quote(file)}; else exec ${fd}>>${quote(file)}; fi\n`;
