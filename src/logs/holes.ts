/** Whether holes can be punched into the files of a directory. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** File systems that are known to: ext4, XFS, Btrfs, tmpfs, F2FS, by what statfs(2) calls them. */
const KNOWN = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0xf2f52010];
/** By device: it is tried once for all of a process. */
const tried = new Map<number, boolean>();

/** Without a try, which takes some milliseconds, where the file system is a known one. */
export function canPunch(dir: string): boolean {
  if (process.platform !== 'linux' || !hasTool()) return false;
  if (!existsSync(dir)) return true; // a full disk: there is nothing to be written at all
  if (KNOWN.includes(statfsSync(dir).type)) return true;
  const { dev } = statSync(dir);
  const known = tried.get(dev) ?? attempt(join(dir, 'hole'));
  tried.set(dev, known);
  return known;
}

let tool: boolean | null = null;
function hasTool(): boolean {
  // Where the helper's shell looks for it.
  const places = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  tool ??= places.some(place => statSync(join(place, 'fallocate'), { throwIfNoEntry: false }) !== undefined);
  return tool;
}

function attempt(file: string): boolean {
  try {
    writeFileSync(file, Buffer.alloc(8192, 'x'));
    return spawnSync('fallocate', ['-p', '-o', '0', '-l', '4096', file], { stdio: 'ignore' }).status === 0;
  } catch {
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}
