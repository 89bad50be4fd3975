import { startTestNode } from "./sandbox-node.ts";

// A program that holds a node of the API server in its first argument until it is killed.
const { folder } = await startTestNode(process.argv[2] ?? "");
process.stdout.write(`${folder}\n`);
setInterval(() => {}, 60_000);
