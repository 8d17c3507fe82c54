/** What a target is launched by, and how a shim is told of it. */
import type { Succession } from './spawn.js';

/** May be one and the same file. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Orders {
  readonly dataDir: string;
  readonly token: string;
  readonly bootId: string;
  /** When it is launched: milliseconds since the epoch; 0 where its shim knows when. */
  readonly at: number;
  /** The command, and the programs that prepare its ground and become it (`nice`, `setpriv`). */
  readonly words: readonly string[];
  readonly before: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The directory of the cgroup in which it is to begin, if it can; '': in none. */
  readonly cgroup: string;
  /** By which the target's processes are known; '': by nothing. */
  readonly mark: string;
  readonly output: Output;
  readonly cwd: string;
  /** Octal; '' leaves it as it is. */
  readonly umask: string;
}

/** After the end of which launch a target is launched without a word from the leaf, and when not. */
export interface After extends Succession {
  readonly token: string;
}

/** Asks a shim whether it takes orders. */
export const ASK = '0 0 0\n';

/**
 * In a line the bytes of its fields, those of its variables and those of what it waits for; then these, each with a NUL
 * after it.
 */
export function shimOrders(orders: Orders, after: After | null = null): string {
  const { dataDir, token, bootId, at, words, before, env, cgroup, mark, output, cwd, umask } = orders;
  const ground = [cgroup, mark, output.stdout, output.stderr, cwd, umask, before.length];
  const fields = [token, dataDir, bootId, at, ...ground, ...before, ...words, ''].join('\0');
  const variables = inBytes(env);
  const unless = after?.unless.map(code => `=${code}`);
  const condition = after ? `${after.token}\0${unless}\0${after.cgroup}\0${after.longest}` : '';
  const sizes = [Buffer.byteLength(fields), variables.bytes, Buffer.byteLength(condition)];
  return `${sizes.join(' ')}\n${fields}${variables.text}${condition}`;
}

interface Variables {
  readonly text: string;
  readonly bytes: number;
}

/** Many targets have one environment. */
const known = new WeakMap<NodeJS.ProcessEnv, Variables>();

function inBytes(env: NodeJS.ProcessEnv): Variables {
  const found = known.get(env);
  if (found) return found;
  const all = Object.entries(env).filter(([, value]) => value !== undefined);
  const text = all.map(([name, value]) => `${name}=${value}\0`).join('');
  const variables = { text, bytes: Buffer.byteLength(text) };
  known.set(env, variables);
  return variables;
}
