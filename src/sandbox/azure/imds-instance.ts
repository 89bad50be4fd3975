import type { Instance, Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import type { Answer } from "./server.ts";
import type { World } from "./world.ts";

/** The newest first, as IMDS names them in its errors. */
export const INSTANCE_VERSIONS = [
  "2023-11-15",
  "2021-12-13",
  "2021-02-01",
  "2020-09-01",
  "2019-06-01",
  "2018-10-01",
  "2018-02-01",
  "2017-12-01",
  "2017-08-01",
  "2017-04-02",
];

type Asked = { readonly path: readonly string[]; readonly query: URLSearchParams };

/**
 * The instance's document, or the part at `path`. A single value is given only as text, as IMDS does.
 * @throws Refusal 400 or 404
 */
export function instanceAnswer(world: World, machine: Machine, instance: Instance, { path, query }: Asked): Answer {
  let part: unknown = instanceDocument(world, machine, instance);
  for (const step of path) part = isTree(part) && Object.hasOwn(part, step) ? part[step] : undefined;
  if (part === undefined) throw new Refusal(404, "Not found", "Not found");
  const format = query.get("format") ?? "json";
  if (format === "json" && isTree(part)) return { status: 200, json: part };
  if (format === "text" && !isTree(part)) return { status: 200, text: String(part) };
  const message = `Bad request. Format ${format} is not supported for this part of the document.`;
  throw new Refusal(400, "Bad request", message);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function instanceDocument(world: World, machine: Machine, { id, name, vmId, address }: Instance): object {
  const { kind, location, resourceGroup } = machine.facts;
  return {
    compute: {
      azEnvironment: "AzurePublicCloud",
      location,
      name,
      osType: "Linux",
      provider: "Microsoft.Compute",
      resourceGroupName: resourceGroup,
      resourceId: id,
      subscriptionId: world.subscription,
      tags: "",
      tagsList: [],
      vmId,
      vmScaleSetName: kind === "virtualMachineScaleSets" ? machine.facts.name : "",
      vmSize: "Standard_D2s_v5",
      zone: "",
    },
    network: {
      interface: [
        {
          ipv4: {
            ipAddress: [{ privateIpAddress: address, publicIpAddress: "" }],
            subnet: [{ address: "10.224.0.0", prefix: "16" }],
          },
          ipv6: { ipAddress: [] },
          macAddress: `000D3A${vmId.slice(-6).toUpperCase()}`,
        },
      ],
    },
  };
}
