import type { Socket } from 'node:net';

/** Bytes of a chunk, on average, from which copying costs more than writev. */
const LARGE = 4096;

/** What was held back leaves as one buffer: writev over hundreds of small chunks costs more than copying them. */
export function joinWrites(socket: Socket): void {
  const writev = socket._writev?.bind(socket);
  socket._writev = (chunks, done) => {
    const buffers = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Buffer),
    );
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (writev && bytes > buffers.length * LARGE) writev(chunks, done);
    else socket._write(Buffer.concat(buffers, bytes), 'buffer' as BufferEncoding, done);
  };
}
