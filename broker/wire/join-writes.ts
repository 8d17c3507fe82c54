import type { Socket } from 'node:net';

/** What was held back leaves as one buffer: writev over hundreds of small chunks costs more than copying them. */
export function joinWrites(socket: Socket): void {
  socket._writev = (chunks, done) => {
    const buffers = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Buffer),
    );
    socket._write(Buffer.concat(buffers), 'buffer' as BufferEncoding, done);
  };
}
