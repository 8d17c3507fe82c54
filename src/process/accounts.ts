/** Users and groups of this machine, by name or number. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary ones. */
  readonly groups: readonly number[];
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/**
 * `user` or `user:group`. Those of the machine's own files, then whatever else `getent` knows (LDAP and the like).
 * A problem says what was expected.
 */
export function findAccount(text: string): Account | { problem: string } {
  const [user = '', group] = text.split(':');
  const entry = find('passwd', user);
  if (!entry && !/^\d+$/.test(user)) return { problem: 'a user of this machine' };
  if (!entry && group === undefined) return { problem: 'a user of this machine, or uid:gid' };
  const gid = group === undefined ? Number(entry?.[3]) : idOfGroup(group);
  if (gid === null) return { problem: `a group of this machine after the colon` };
  const name = entry?.[0] ?? user;
  const [home = '/', shell = '/bin/sh'] = [entry?.[5], entry?.[6]].map(part => part || undefined);
  // As login(1) does: a user without an entry is in no group but the one that was given.
  const groups = entry ? groupsOf(name).filter(id => id !== gid) : [];
  return { uid: Number(entry?.[2] ?? user), gid, groups, name, home, shell };
}

function idOfGroup(group: string): number | null {
  const entry = find('group', group);
  if (entry) return Number(entry[2]);
  return /^\d+$/.test(group) ? Number(group) : null;
}

const groupsOf = (name: string): number[] =>
  entries('group')
    .filter(([, , , members = '']) => members.split(',').includes(name))
    .map(([, , id]) => Number(id));

/** By its name, else by its number. */
function find(database: 'passwd' | 'group', key: string): string[] | undefined {
  const known = entries(database);
  return known.find(([name]) => name === key) ?? known.find(([, , id]) => id === key) ?? ask(database, key);
}

function entries(database: 'passwd' | 'group'): string[][] {
  try {
    const lines = readFileSync(`/etc/${database}`, 'utf8').split('\n');
    return lines.filter(Boolean).map(line => line.split(':'));
  } catch {
    return [];
  }
}

function ask(database: string, key: string): string[] | undefined {
  const { status, stdout } = spawnSync('getent', [database, '--', key], { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.trim().split(':') : undefined;
}
