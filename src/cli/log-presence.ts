/** Which of the leaves that are followed cannot be heard now: from their lines nobody could tell them from quiet ones. */
import type { NodeView } from '../rest/views.js';
import { why } from './query.js';

export class Presence {
  private readonly away = new Set<string>();

  constructor(private readonly say: (words: string) => void) {}

  /** It has been said already that it cannot be reached. */
  isAway(path: string): void {
    this.away.add(path);
  }

  /** Says what has changed since the last look. */
  look(nodes: readonly NodeView[]): void {
    for (const node of nodes) {
      const { path, link, blockedBy } = node;
      const isAway = link !== 'online' || blockedBy !== null;
      if (isAway === this.away.has(path)) continue;
      if (isAway) this.away.add(path);
      else this.away.delete(path);
      this.say(
        `${path || '.'}: ${isAway ? `cannot be reached now: ${why(node) || 'it is stopped'}` : 'is back'}`,
      );
    }
  }
}
