/** The memory of a supervised target. */
import { groupMemory } from '../process/group-memory.js';
import { usage } from '../process/usage.js';

interface Target {
  readonly group: number | null;
  readonly model: { readonly pid: number | null };
}

/** Bytes of its whole group; of its first process alone where the machine has no /proc. */
export async function targetMemory({ group, model: { pid } }: Target): Promise<number | null> {
  if (group === null || pid === null) return null;
  const together = groupMemory(group);
  return together ?? (await usage(pid))?.rss ?? null;
}
