import { startTestServer } from "./test-server.ts";

// A process of its own, for a test that kills it: prints the issuer's port once it listens.
const [path = ":memory:"] = process.argv.slice(2);
const { port } = await startTestServer({ path });
process.stdout.write(`${port}\n`);
