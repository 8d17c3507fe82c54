/** Nodes as REST shows them: contract section 3. */
import Type, { type Static } from 'typebox';
import { isWithin } from '../access/paths.js';
import { DESIRED, HEALTHS, KINDS, LINKS, PHASES, STATUSES } from '../core/facts.js';
import { maintenanceAt } from '../core/maintenance.js';
import { lastName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import type { UplinkFacts } from '../node/uplink.js';
import { HeartbeatSchema, LabelsSchema, MaintenanceSchema } from '../protocol/payloads.js';

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
  blockedBy: nullable(Type.String({ description: 'path of the hop that broke, for unreachable nodes' })),
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

export class Views {
  constructor(
    private readonly registry: Registry,
    private readonly ownName: string,
    private readonly uplink: () => UplinkFacts | null = () => null,
  ) {}

  node(record: NodeRecord): NodeView {
    const { status, since, blockedBy, cause } = verdict(this.registry, record);
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
