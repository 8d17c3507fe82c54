/** What a setting is. */
import type { Static, TSchema } from 'typebox';

export type Role = 'root' | 'relay' | 'leaf';
export type Group =
  | 'node'
  | 'parent'
  | 'broker'
  | 'rest'
  | 'health'
  | 'target'
  | 'balancing'
  | 'security'
  | 'alerts'
  | 'own log';

/** One setting. `unit` is seconds (s) or bytes; `computed` says in words what stands in for a fixed default. */
export interface Setting<S extends TSchema = TSchema> {
  group: Group;
  roles: readonly Role[];
  schema: S;
  fallback: Static<S> | null;
  computed?: string;
  unit?: 's' | 'bytes';
  /** Names one node, so that `defaults` of a tree can't hold it. */
  single?: true;
  /** May be written as a list in a tree file. */
  list?: true;
  about: string;
}

export const define = <S extends TSchema>(setting: Setting<S>): Setting<S> => setting;
export const ALL = ['root', 'relay', 'leaf'] as const;
export const BROKERS = ['root', 'relay'] as const;
export const BELOW = ['relay', 'leaf'] as const;
export const LEAF = ['leaf'] as const;
