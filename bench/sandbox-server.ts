import { startKubeApi } from "../src/sandbox/kube-api/server.ts";

// The embedded API server in a process of its own, so that its memory is nobody else's. It ends with the process that
// started it, however that one ends.

process.once("disconnect", () => process.exit(0));
const api = await startKubeApi({ tokens: new Map([["admin's", "admin"]]), controllers: true });
process.send?.(api.url);
