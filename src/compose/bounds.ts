import type { BrokerLimits } from '../../broker/limits.js';
import type { NodeSettings } from '../config/settings.js';

/** Bytes that a subscriber's socket may hold beside one message of the largest size. */
const BESIDE = 256 * 1024;

/** The bounds of the broker, as they were set. */
export const brokerLimits = (settings: NodeSettings): Partial<BrokerLimits> => ({
  maxPacketBytes: settings.maxPacket,
  maxConnectBytes: settings.maxConnectPacket,
  backlogBytes: settings.maxPacket + BESIDE,
  maxClients: settings.maxClients,
  maxPerAddress: settings.maxPerAddress,
  connectTimeoutMs: settings.connectTimeout * 1000,
  maxPacketsPerSecond: settings.maxRate,
  maxInflightQos2: settings.maxInflight,
  maxTopicBytes: settings.maxTopic,
  maxTopicLevels: settings.maxTopicLevels,
  maxFiltersPerClient: settings.maxSubscriptions,
  maxRetained: settings.maxRetained,
  maxRetainedBytes: settings.maxRetainedBytes,
  maxRetainedPerChild: settings.maxRetainedChild,
  maxRetainedBytesPerChild: settings.maxRetainedChildBytes,
});
