import { expect, it } from "vitest";
import type { Kind } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { listAll } from "./listing.ts";

const never = new AbortController().signal;
const identity = { kind: "AzureIdentity", metadata: { name: "demo", managedFields: [{}] }, spec: { clientID: "c" } };

/** What is said and written, in order. */
async function listing(list: (kind: Kind) => Promise<readonly object[]>): Promise<string> {
  const said: string[] = [];
  const log = createLog({ write: (line) => said.push(line.slice(line.indexOf("] ") + 2)) });
  await listAll({ client: { list }, log, write: (text) => said.push(text) }, never);
  return said.join("");
}

it("lists objects as JSON beside their counts, in the original's order", async () => {
  const objects: Readonly<Record<string, readonly object[]>> = {
    AzureIdentity: [identity],
    AzureAssignedIdentity: [{ kind: "AzureAssignedIdentity", status: { status: "Assigned" } }],
  };
  expect(await listing(async ({ kind }) => objects[kind] ?? [])).toBe(
    [
      "Identities len: 1\n",
      '\n{\n    "kind": "AzureIdentity",\n    "metadata": {\n        "name": "demo"\n    },\n    "spec": {\n        "clientID": "c"\n    }\n}\n',
      "bindings len: 0\n",
      '\n{\n    "kind": "AzureAssignedIdentity",\n    "status": {\n        "status": "Assigned"\n    }\n}\n',
      "\ndone !\n",
    ].join(""),
  );
});

it("lists nothing where a kind cannot be listed", async () => {
  const said: string[] = [];
  const refused = new Fault("KUBE_FORBIDDEN", "may not list");
  const list = ({ kind }: Kind) => (kind === "AzureIdentity" ? Promise.resolve([identity]) : Promise.reject(refused));
  const log = createLog({ write: (line) => said.push(line) });
  await expect(listAll({ client: { list }, log, write: (text) => said.push(text) }, never)).rejects.toBe(refused);
  expect(said).toEqual([]);
});
