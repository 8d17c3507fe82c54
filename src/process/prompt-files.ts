/**
 * Files read and written at once, behind the names and promises of node:fs/promises. A process that starts a hundred leaves
 * does thousands of these in a row: on the thread pool each costs several times what the operation takes.
 */
import { accessSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const promptly =
  <A extends unknown[], R>(act: (...args: A) => R) =>
  async (...args: A): Promise<R> =>
    act(...args);

export const access = promptly((path: string, mode: number) => accessSync(path, mode));
export const link = promptly((from: string, to: string) => linkSync(from, to));
export const mkdir = promptly(
  (path: string, options?: { recursive: boolean }) => void mkdirSync(path, options),
);
export const readFile = promptly((path: string, encoding: 'utf8') => readFileSync(path, encoding));
export const rename = promptly((from: string, to: string) => renameSync(from, to));
export const rm = promptly((path: string, options: { force: boolean }) => rmSync(path, options));
export const writeFile = promptly((path: string, text: string, options?: { mode?: number; flag?: string }) =>
  writeFileSync(path, text, options),
);
