/** Whether the kernel takes a command at all: what it refuses would only be seen where nobody can tell why. */
import { SpawnError } from './spawn.js';

/** Bytes of one word or variable, and of all together, that Linux takes (execve(2)), less what it needs itself. */
const WORD_LIMIT = 131_072;
const ALL_LIMIT = 2_000_000;
/** What each takes besides: the pointer to it, and the NUL after it. */
const POINTER_BYTES = 9;

/** @throws SpawnError */
export function checkSize(words: readonly string[], env: NodeJS.ProcessEnv): void {
  const program = words[0] ?? '';
  if (program === '') throw new SpawnError('', 'EINVAL', 'the command is empty');
  const [ours, theirs] = [sizeOf(words), sizeOfEnv(env)];
  if (ours.hasNul || theirs.hasNul)
    throw new SpawnError(program, 'EINVAL', 'a NUL in a word or a variable (EINVAL)');
  if (Math.max(ours.longest, theirs.longest) >= WORD_LIMIT || ours.all + theirs.all > ALL_LIMIT)
    throw new SpawnError(program, 'E2BIG', 'its words or variables are too long (E2BIG)');
}

interface Size {
  /** Bytes. */
  readonly all: number;
  readonly longest: number;
  readonly hasNul: boolean;
}

/** Many targets have one environment. */
const sizes = new WeakMap<NodeJS.ProcessEnv, Size>();

function sizeOfEnv(env: NodeJS.ProcessEnv): Size {
  const size = sizes.get(env) ?? sizeOf(Object.entries(env).map(pair => pair.join('=')));
  sizes.set(env, size);
  return size;
}

function sizeOf(texts: readonly string[]): Size {
  let [all, longest, hasNul] = [0, 0, false];
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    all += bytes + POINTER_BYTES;
    longest = Math.max(longest, bytes);
    hasNul ||= text.includes('\0');
  }
  return { all, longest, hasNul };
}
