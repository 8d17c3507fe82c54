/** Whether the end of a node is the beginning of a restart. */
import type { NodeSettings } from '../config/settings.js';
import { takeAnnouncement } from '../node/announced.js';

/** Milliseconds in which it means to be back; null: an ordinary end. */
export const restarting =
  ({ dataDir, restartTime }: NodeSettings) =>
  (): number | null =>
    takeAnnouncement(dataDir, process.pid) ? restartTime * 1000 : null;
