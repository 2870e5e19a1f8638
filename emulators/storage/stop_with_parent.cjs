// Preloaded into Azurite. Its standard input is a pipe that only the parent process holds, so its end means
// that the parent has closed it or has died in whatever way, and nothing may be left behind.
"use strict";

const PATIENCE_MS = 3000; // for what a persistent Azurite still has to write; in memory it is gone at once

process.stdin.on("end", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.exit(0), PATIENCE_MS).unref();
});
process.stdin.resume();
