/** Words and variables as a POSIX shell takes them, to the byte. */

/** No letter means anything between single quotes. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What some shell sets, changes or refuses: another program has to set these after it. */
const SHELLS_OWN =
  /^(IFS|LINENO|OPTARG|OPTERR|OPTIND|PPID|UID|EUID|GROUPS|DIRSTACK|FUNCNAME|HISTCMD|S?RANDOM|SECONDS|SHELLOPTS|POSIXLY_CORRECT|BASH.*|COMP_.*|EPOCH.*)$/;
/** bash changes these two for whatever it becomes. */
const BASHS_OWN = ['_', 'SHLVL'];

const isPlain = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !SHELLS_OWN.test(name);
const assigned = ([name, value]: [string, string]): string => `${name}=${value}`;

const given = (env: NodeJS.ProcessEnv): [string, string][] =>
  Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);

/** The commands that make `env` the environment of whatever a shell with an empty one becomes. */
export function exports(env: NodeJS.ProcessEnv): string {
  const plain = given(env).filter(([name]) => isPlain(name));
  const words = plain.map(([name, value]) => `${name}=${quote(value)}`).join(' ');
  return `unset PWD OLDPWD${words && `\nexport ${words}`}`;
}

/** Before the command: what sets the rest of `env`. Seen by whoever lists processes at that very moment. */
export function envPrefix(env: NodeJS.ProcessEnv): string[] {
  const odd = given(env).filter(([name]) => !isPlain(name));
  return odd.length === 0 ? [] : ['/usr/bin/env', ...odd.map(assigned)];
}

/** The same where the shell turns out to be bash. */
export function bashPrefix(env: NodeJS.ProcessEnv): string[] {
  const back = given(env).filter(([name]) => BASHS_OWN.includes(name));
  return ['/usr/bin/env', ...BASHS_OWN.flatMap(name => ['-u', name]), ...back.map(assigned)];
}
