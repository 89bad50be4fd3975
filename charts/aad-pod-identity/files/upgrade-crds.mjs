import { readdirSync } from "node:fs";

// Brings the CRDs to the chart's version by server-side apply: it adds and changes fields, and never removes a CRD.
const folder = process.env.CRDS_DIR ?? "/crds";
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const name = file.slice(0, -".json".length);
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const query = "?fieldManager=aad-pod-identity-chart&force=true";
  const status = await patch(path + query, "application/apply-patch+yaml", readFileSync(`${folder}/${file}`, "utf8"));
  if (status !== 200 && status !== 201) {
    console.error(`cannot bring ${name} to this version: run kubectl apply --server-side --force-conflicts -f crds/crd.yaml, and set crds.upgrade=false`);
    process.exit(1);
  }
  console.log(`${name} is at this version`);
}
