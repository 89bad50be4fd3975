import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

type Schema = {
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: unknown;
  [part: string]: unknown;
};
type Definitions = Readonly<Record<string, Schema>>;
type GroupVersionKind = { readonly version: string; readonly kind: string };

/** Two types that OpenAPI 2 cannot say: they are one thing or another. */
const either: Readonly<Record<string, Schema>> = {
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { type: ["string", "integer"] },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { type: ["string", "number"] },
};
const KINDS = "x-kubernetes-group-version-kind";

/** Writes what an API server says of its kinds, those of CRDs too, as kubeconform reads it; gives where that is. */
export async function writeSchemas(openApi: string, folder: string): Promise<string> {
  const { definitions } = JSON.parse(openApi) as { definitions: Definitions };
  const strict = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, either[name] ?? closed(schema)]),
  );
  await mkdir(folder, { recursive: true });
  const all = JSON.stringify({ definitions: strict }).replaceAll('"$ref":"#/', '"$ref":"_definitions.json#/');
  await writeFile(join(folder, "_definitions.json"), all);
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { kind, version } of (schema[KINDS] ?? []) as readonly GroupVersionKind[]) {
      const reference = { $ref: `_definitions.json#/definitions/${name}` };
      await writeFile(join(folder, `${kind.toLowerCase()}-${version}.json`), JSON.stringify(reference));
    }
  }
  return join(folder, "{{ .ResourceKind }}-{{ .ResourceAPIVersion }}.json");
}

/** A field that the API server does not know is a mistake, at any depth. */
function closed(schema: Schema): Schema {
  if (schema.properties === undefined || schema.additionalProperties !== undefined) return schema;
  const properties = Object.entries(schema.properties).map(([name, property]) => [name, closed(property)]);
  return { ...schema, properties: Object.fromEntries(properties), additionalProperties: false };
}
