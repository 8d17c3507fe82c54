/** Targets that have ended or begun anew while their logs are followed: from its lines alone nobody can tell. */
import type { NodeView } from '../rest/views.js';

type Run = Pick<NodeView, 'path' | 'phase' | 'pid' | 'exitCode' | 'signal'>;

export class Runs {
  private readonly pids = new Map<string, number | null>();

  constructor(private readonly say: (words: string) => void) {}

  /** Says what has changed since the last look; of what came and went in between, that it did. */
  look(nodes: readonly Run[]): void {
    for (const node of nodes) {
      const { path, pid } = node;
      const before = this.pids.get(path);
      this.pids.set(path, pid);
      if (before === undefined || before === pid) continue;
      this.say(`${path || '.'}: its target ${inWords(node, before)}`);
    }
  }
}

function inWords({ pid, phase, exitCode, signal }: Run, before: number | null): string {
  if (pid !== null) return before === null ? `runs, pid ${pid}` : `has ended and runs anew, pid ${pid}`;
  if (phase === 'stopped') return 'was stopped';
  if (exitCode !== null) return `exited with code ${exitCode}`;
  return signal === null ? 'has ended' : `was ended by ${signal}`;
}
