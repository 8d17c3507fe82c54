import { CanopyError } from '../core/errors.js';
import { pathProblem } from '../core/names.js';

/** Throws `bad-path`; '' is this node itself. */
export function checkedPath(path: string): string {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  const problem = pathProblem(trimmed);
  if (problem) throw new CanopyError('bad-path', problem);
  return trimmed;
}
