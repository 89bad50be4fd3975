// Asks once for a token, by the credential that the first argument names, and prints what came of it as a line of JSON.
import { createHash } from "node:crypto";
import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";

const started = performance.now();
const [kind, clientId] = process.argv.slice(2);
const credential = kind === "managed" ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
let told;
try {
  const { token } = await credential.getToken("https://vault.azure.net/.default");
  told = { ok: true, token: createHash("sha256").update(token).digest("hex").slice(0, 8) };
} catch (reason) {
  told = { ok: false, error: reason.name, message: reason.message };
}
process.stdout.write(`${JSON.stringify({ ...told, seconds: (performance.now() - started) / 1000 })}\n`);
