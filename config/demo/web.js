// A small HTTP service: node config/demo/web.js PORT
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 8101);

const server = createServer((request, response) => {
  if (request.url === '/healthz') response.end('ok\n');
  else if (request.url === '/') response.end(`hello from process ${process.pid}\n`);
  else response.writeHead(404).end('not found\n');
});

server.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}`));

process.on('SIGTERM', () => {
  console.log('asked to end');
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

process.on('SIGHUP', () => console.log('asked to reload'));
