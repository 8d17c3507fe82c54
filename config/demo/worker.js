// A worker that logs a line per second.
let job = 0;

setInterval(() => {
  job += 1;
  console.log(`job ${job} done`);
}, 1000);
