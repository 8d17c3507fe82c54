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

/** An environment as a shell is told of it. */
export interface Told {
  /** The commands that make it that of whatever a shell with an empty one becomes. */
  readonly exports: string;
  /** Before the command: what sets the rest of it. Seen by whoever lists processes at that very moment. */
  readonly before: readonly string[];
  /** The same where the shell turns out to be bash. */
  readonly beforeInBash: readonly string[];
}

/** A target that is started again has the same environment, which is not put into words again meanwhile. */
const told = new WeakMap<NodeJS.ProcessEnv, Told>();

export function inWords(env: NodeJS.ProcessEnv): Told {
  const known = told.get(env);
  if (known) return known;
  const all = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const plain = all.filter(([name]) => isPlain(name)).map(([name, value]) => `${name}=${quote(value)}`);
  const odd = all.filter(([name]) => !isPlain(name)).map(assigned);
  const back = all.filter(([name]) => BASHS_OWN.includes(name)).map(assigned);
  const words: Told = {
    exports: `unset PWD OLDPWD SHLVL${plain.length > 0 ? `\nexport ${plain.join(' ')}` : ''}`,
    before: odd.length > 0 ? ['/usr/bin/env', ...odd] : [],
    beforeInBash: ['/usr/bin/env', ...BASHS_OWN.flatMap(name => ['-u', name]), ...back],
  };
  told.set(env, words);
  return words;
}
