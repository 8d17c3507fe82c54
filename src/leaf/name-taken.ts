/** Whether the parent has another leaf of this name alive. */
import type { Link, LinkError } from '../../broker/link.js';

/** Milliseconds that the parent may take to answer before the target is started without its word. */
const FIRST_WORD_MS = 2000;

/** Waits for the first word of the parent, or that there is none. */
export function nameTaken(link: Link): Promise<LinkError | null> {
  return new Promise(resolve => {
    const settle = (cause: LinkError | null): void => {
      clearTimeout(timer);
      link.off('connected', connected);
      link.off('failed', settle);
      resolve(cause?.code === 'name-taken' ? cause : null);
    };
    const connected = (): void => settle(null);
    const timer = setTimeout(connected, FIRST_WORD_MS);
    link.on('connected', connected);
    link.on('failed', settle);
    if (link.state === 'connected') settle(null);
    else if (link.lastError) settle(link.lastError);
  });
}
