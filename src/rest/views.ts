/** Nodes as REST shows them: contract section 3. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { isWithin } from '../access/paths.js';
import { brokenHop } from '../core/broken.js';
import { DESIRED, HEALTHS, KINDS, LINKS, PHASES, STATUSES } from '../core/facts.js';
import { missedBeat } from '../core/late.js';
import { maintenanceAt } from '../core/maintenance.js';
import { lastName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { skewMs } from '../core/skew.js';
import { type Verdict, verdict } from '../core/verdict.js';
import type { UplinkFacts } from '../node/uplink.js';
import { HeartbeatSchema, LabelsSchema, MaintenanceSchema } from '../protocol/payloads.js';
import { inWords } from '../tree/clocks.js';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const millis = (description: string) =>
  Type.Integer({ description: `${description}, ms since the Unix epoch` });

const nodeFields = {
  path: Type.String({ description: "relative to the node that answers; '' is that node itself" }),
  name: Type.String(),
  kind: Type.Enum(KINDS),
  app: nullable(Type.String()),
  status: Type.Enum(STATUSES),
  cause: nullable(Type.Enum(['will', 'timeout'] as const, { description: 'why the link counts as lost' })),
  link: Type.Enum(LINKS),
  phase: nullable(Type.Enum(PHASES)),
  health: nullable(Type.Enum(HEALTHS)),
  reason: nullable(Type.String()),
  pid: nullable(Type.Integer()),
  exitCode: nullable(Type.Integer()),
  signal: nullable(Type.String()),
  since: millis('when the status became what it is'),
  lastSeenAt: nullable(millis('when the node itself was last heard')),
  blockedBy: nullable(
    Type.String({
      description:
        'path of the hop that broke, for unreachable nodes; of one that restarts, for unknown ones',
    }),
  ),
  broken: nullable(
    Type.Object(
      {
        path: Type.String(),
        since: millis('when it broke'),
        cause: nullable(Type.Enum(['will', 'timeout'] as const, { description: 'null: it said goodbye' })),
        says: Type.String({ description: 'the same in words, with what can be known of it from here' }),
      },
      { description: 'the first hop on the way that is broken, of it and of all behind it' },
    ),
  ),
  late: Type.Boolean({ description: 'it has missed a heartbeat' }),
  flapping: Type.Boolean({ description: 'it changes all the time' }),
  skewMs: nullable(
    Type.Integer({ description: 'how far its clock is ahead of that of the node that answers, ms' }),
  ),
  warnings: Type.Array(Type.String(), { description: 'what is wrong with it besides its status' }),
  epoch: nullable(Type.Integer()),
  desired: nullable(Type.Enum(DESIRED, { description: 'whether the target is meant to run' })),
  labels: LabelsSchema,
  insecure: Type.Boolean({
    description: 'it listens where strangers can reach it, without authentication or TLS',
  }),
  uplink: Type.Optional(
    Type.Object(
      {
        state: Type.Enum(['connecting', 'online', 'lost'] as const),
        since: millis('since when'),
        cause: nullable(Type.String()),
      },
      { description: 'of the node that answers, where it is a relay: the line to its parent' },
    ),
  ),
  maintenance: nullable(
    Type.Intersect([
      MaintenanceSchema,
      Type.Object({
        at: Type.String({ description: 'the node that was put into it: this one or one above' }),
      }),
    ]),
  ),
};

export const NodeSchema = Type.Object(nodeFields, { $id: 'Node' });
export type NodeView = Static<typeof NodeSchema>;

export const NodeDetailSchema = Type.Object(
  { ...nodeFields, heartbeat: nullable(HeartbeatSchema), children: Type.Array(Type.String()) },
  { $id: 'NodeDetail' },
);
export type NodeDetail = Static<typeof NodeDetailSchema>;

export type TreeView = NodeView & { children: TreeView[] };

/** What is shown of a node besides its status. */
function signsOf(registry: Registry, record: NodeRecord, { status, blockedBy }: Verdict, mono: number) {
  const speaks = record.link === 'online' && blockedBy === null && status !== 'unknown';
  const skew = skewMs(record.skew);
  return {
    broken: brokenHop(registry, record, mono),
    late: speaks && missedBeat(record, mono),
    flapping: record.flap?.on ?? false,
    skewMs: skew === null ? null : Math.round(skew),
    warnings: record.clockWrong ? [inWords(skew ?? 0)] : [],
  };
}

export class Views {
  constructor(
    private readonly registry: Registry,
    private readonly ownName: string,
    private readonly uplink: () => UplinkFacts | null = () => null,
  ) {}

  node(record: NodeRecord): NodeView {
    const mono = this.registry.mono();
    const found = verdict(this.registry, record, mono);
    const { status, since, blockedBy, cause } = found;
    const covered = maintenanceAt(this.registry, record.path);
    const uplink = record.path === '' ? this.uplink() : null;
    return {
      path: record.path,
      name: record.path === '' ? this.ownName : lastName(record.path),
      kind: record.kind ?? 'relay',
      app: record.app,
      status,
      cause,
      link: record.link,
      phase: record.phase,
      health: record.health,
      reason: record.reason,
      pid: record.pid,
      exitCode: record.exitCode,
      signal: record.signal,
      since,
      lastSeenAt: record.seenAt?.now ?? null,
      blockedBy,
      ...signsOf(this.registry, record, found, mono),
      epoch: record.epoch,
      desired: record.desired,
      labels: record.labels,
      insecure: record.insecure,
      ...(uplink && { uplink }),
      maintenance: covered ? { ...covered.maintenance, at: covered.at } : null,
    };
  }

  detail(path: string): NodeDetail | null {
    const record = this.registry.get(path);
    if (!record) return null;
    const heartbeat = record.beat as NodeDetail['heartbeat'];
    return { ...this.node(record), heartbeat, children: this.registry.childrenOf(path).map(lastName) };
  }

  /** All nodes, or one and those below it, in order of their paths. */
  list(under = ''): NodeView[] {
    const seen = [...this.registry.all()].filter(({ path }) => isWithin(path, under));
    const records = seen.sort((a, b) => (a.path < b.path ? -1 : 1));
    return records.map(record => this.node(record));
  }

  tree(path = ''): TreeView | null {
    const record = this.registry.get(path);
    if (!record) return null;
    const children = this.registry.childrenOf(path).flatMap(child => this.tree(child) ?? []);
    return { ...this.node(record), children };
  }
}
