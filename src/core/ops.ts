/** The operations that commands name. */

export const LEAF_OPS = [
  'start',
  'stop',
  'restart',
  'signal',
  'maintenance',
  'ping',
  'logs',
  'follow',
  'unfollow',
] as const;
/** Of a relay or root: about itself and its subtree as a whole. With a select it takes those of leaves too. */
export const NODE_OPS = ['ping', 'forget', 'maintenance', 'scale', 'rebalance', 'orders', 'unkeep'] as const;

export type LeafOp = (typeof LEAF_OPS)[number];
export const isLeafOp = (word: string): word is LeafOp => (LEAF_OPS as readonly string[]).includes(word);
