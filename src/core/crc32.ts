/** CRC-32 as zlib has it. That is loaded with the first one: a target does not wait for it. */
let zlib: typeof import('node:zlib') | null = null;

export function crc32(bytes: Uint8Array): number {
  zlib ??= process.getBuiltinModule('node:zlib');
  return zlib.crc32(bytes);
}
