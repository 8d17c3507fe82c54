/** What is wrong with a configuration, and the error that lists all of it at once. */

import { redactText } from '../core/redact.js';

export type ProblemCode =
  | 'unknown-key'
  | 'invalid-value'
  | 'missing'
  | 'conflict'
  | 'not-for-role'
  | 'duplicate'
  | 'timeout-too-low'
  | 'too-deep'
  | 'unknown-node'
  | 'insecure-listener'
  | 'loose-permissions'
  | 'syntax'
  | 'unreadable';

/** `where` names the key and the place. For an unknown key, `expected` is the nearest known one, or ''. */
export interface ConfigProblem {
  where: string;
  expected: string;
  found: string;
  code: ProblemCode;
}

export function problemLine({ where, expected, found, code }: ConfigProblem): string {
  if (code !== 'unknown-key') return `${where}: expected ${expected}, found ${found}`;
  return `${where}: unknown key${expected && `, did you mean ${expected}?`}`;
}

/** Thrown for a configuration that can't be used; `problems` holds every one, `message` a line for each. */
export class ConfigError extends Error {
  readonly code = 'invalid-config';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemLine).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Collects while a configuration is read, so that nobody has to mend it one error at a time. */
export class Findings {
  /** By their lines: what is wrong among the defaults is so for every node, and told once. */
  readonly #problems = new Map<string, ConfigProblem>();
  readonly #warnings = new Set<string>();

  add(code: ProblemCode, where: string, expected: string, found: string): void {
    const problem = { code, where, expected, found };
    this.#problems.set(problemLine(problem), problem);
  }

  warn(where: string, text: string): void {
    this.#warnings.add(`${where}: ${text}`);
  }

  get warnings(): string[] {
    return [...this.#warnings];
  }

  /** @throws ConfigError where there is any problem */
  throwIfAny(): void {
    if (this.#problems.size > 0) throw new ConfigError([...this.#problems.values()]);
  }
}

/** A found value as messages show it: quoted and cut, without what looks like a secret. */
export function shown(text: string): string {
  const safe = redactText(text);
  return JSON.stringify(safe.length > 120 ? `${safe.slice(0, 119)}…` : safe);
}
