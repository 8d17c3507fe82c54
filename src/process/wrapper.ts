/**
 * The tiny wrapper between a leaf and its target: a shell that records who the target is before it becomes it, and how it
 * ended after. It outlives the leaf, so that a restarted leaf adopts the target and still learns its exit code.
 *
 * No twin, whenever the leaf dies: the wrapper writes its record first and then looks at the token; a restarted leaf
 * writes a new token first and then looks for a record. Either it finds the target, or the wrapper finds the token changed
 * and does not become it (Dekker's argument).
 */

/** Records are written in place, over as many bytes as before: a full disk does not keep a target from being started. */
export const RECORD_BYTES = 160;
/** Says so on descriptor 3 where the command can't be found or executed. */
export const NOT_FOUND = 'not-found';
/** Exit code of a wrapper that found its token changed. */
export const OVERTAKEN = 125;

/**
 * `$1` data directory, `$2` token, `$3` boot id, `$4` cgroup directory or '', `$5` umask or '', `$6` `=` and PWD of
 * the target or '', `$7` the program, then what is executed: the command, where need be behind `env`.
 * Its own stderr is closed meanwhile, or it would write "Killed" among the target's lines. The names are odd since a shell passes on what it assigns to a variable of the environment.
 */
export const WRAPPER = `
_cy_dir=$1 _cy_token=$2 _cy_boot=$3 _cy_group=$4 _cy_mask=$5 _cy_pwd=$6 _cy_program=$7; shift 7
trap : HUP INT QUIT TERM USR1 USR2 ALRM
[ -z "$_cy_mask" ] || umask "$_cy_mask"
exec 4>&2 2>/dev/null
(
  exec 2>&4 4>&-
  if [ -r /proc/self/stat ]; then
    read -r _cy_pid _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ _cy_ \
      _cy_start _cy_ </proc/self/stat
  else
    _cy_pid=$(exec sh -c 'echo $PPID') _cy_start=-
  fi
  case $_cy_program in
    */*) [ -f "$_cy_program" ] && [ -x "$_cy_program" ] ;;
    *) command -v "$_cy_program" >/dev/null ;;
  esac || { echo ${NOT_FOUND} >&3; exit 127; }
  [ -z "$_cy_group" ] || echo 0 >"$_cy_group/cgroup.procs"
  printf '%-${RECORD_BYTES - 1}s\\n' "$_cy_pid $_cy_start $_cy_boot $_cy_token $$" 1<>"$_cy_dir/target.pid"
  read -r _cy_now <"$_cy_dir/target.token"
  [ "$_cy_now" = "$_cy_token" ] || exit ${OVERTAKEN}
  echo "$_cy_pid $$" >&3
  case $_cy_pwd in =*) PWD=\${_cy_pwd#=} ;; *) unset PWD ;; esac
  exec "$@" 3>&-
)
_cy_code=$?
printf '%-${RECORD_BYTES - 1}s\\n' "$_cy_token $_cy_code" 1<>"$_cy_dir/target.exit"
exit $_cy_code
`;
