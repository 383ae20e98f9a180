// Serves the Better Auth configuration of each file that is named on the
// command line, on a free loopback port of its own, over the database that
// AUTH_DATABASE_URL names. Prints one line of JSON, the list of ports, when all
// are ready, and ends with its standard input.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";

async function serve(file) {
  const { auth } = await import(pathToFileURL(file));
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const server = createServer(toNodeHandler(auth));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return server.address().port;
}

process.stdin.on("end", () => process.exit(0)).resume();
const ports = [];
for (const file of process.argv.slice(2)) ports.push(await serve(file));
console.log(JSON.stringify(ports));
