/** That a node is to be restarted: a note in its data directory from who ends it, so that its goodbye can say so. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fileIn = (dataDir: string): string => join(dataDir, 'restart.json');

/** For the process `pid` alone. @throws the error of the file system */
export const announceRestart = (dataDir: string, pid: number): void =>
  writeFileSync(fileIn(dataDir), `${JSON.stringify({ pid })}\n`);

/** It goes on after all. */
export const withdrawRestart = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true });

/** Whether this process is to be restarted; asked once, at its end. What can't be read is an ordinary end. */
export function takeAnnouncement(dataDir: string, pid: number): boolean {
  const file = fileIn(dataDir);
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown } | null;
    rmSync(file, { force: true });
    return found?.pid === pid;
  } catch {
    return false;
  }
}
