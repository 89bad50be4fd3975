import type { Instance, Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import type { Answer } from "./server.ts";
import type { World } from "./world.ts";

type Asked = { readonly path: readonly string[]; readonly version: string; readonly format: string | null };
/** A value, and the version of the interface that shows it first. */
type Row = readonly [since: string, value: unknown];

/**
 * The instance's document as that version shows it, or the part at `path`. A single value is given only as text, as
 * IMDS does.
 * @throws Refusal 400 or 404
 */
export function instanceAnswer(world: World, machine: Machine, instance: Instance, asked: Asked): Answer {
  let part: unknown = {
    compute: shownIn(asked.version, computeRows(world, machine, instance)),
    network: networkOf(instance),
  };
  for (const step of asked.path) part = isTree(part) && Object.hasOwn(part, step) ? part[step] : undefined;
  if (part === undefined) throw new Refusal(404, "Not found", "Not found");
  const format = asked.format ?? "json";
  if (format === "json" && isTree(part)) return { status: 200, json: part };
  if (format === "text" && !isTree(part)) return { status: 200, text: String(part) };
  const message = `Bad request. Format ${format} is not supported for this part of the document.`;
  throw new Refusal(400, "Bad request", message);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function shownIn(version: string, rows: Readonly<Record<string, Row>>): object {
  const shown = Object.entries(rows).filter(([, [since]]) => since <= version);
  return Object.fromEntries(shown.map(([name, [, value]]) => [name, value]));
}

function computeRows(world: World, machine: Machine, instance: Instance): Readonly<Record<string, Row>> {
  const { kind, location, resourceGroup, name, tags } = machine.facts;
  const scaleSet = kind === "virtualMachineScaleSets" ? { name, id: machine.id } : { name: "", id: "" };
  const pairs = Object.entries(tags);
  return {
    azEnvironment: ["2018-10-01", "AzurePublicCloud"],
    evictionPolicy: ["2020-12-01", ""],
    isHostCompatibilityLayerVm: ["2020-06-01", "false"],
    licenseType: ["2020-09-01", ""],
    location: ["2017-04-02", location],
    name: ["2017-04-02", instance.name],
    offer: ["2017-04-02", "ubuntu-24_04-lts"],
    osProfile: ["2020-07-15", { adminUsername: "azureuser", computerName: instance.name }],
    osType: ["2017-04-02", "Linux"],
    placementGroupId: ["2017-08-01", ""],
    plan: ["2018-04-02", { name: "", product: "", publisher: "" }],
    platformFaultDomain: ["2017-04-02", "0"],
    platformUpdateDomain: ["2017-04-02", "0"],
    priority: ["2020-12-01", ""],
    provider: ["2018-10-01", "Microsoft.Compute"],
    publicKeys: ["2018-04-02", []],
    publisher: ["2017-04-02", "canonical"],
    resourceGroupName: ["2017-08-01", resourceGroup],
    resourceId: ["2019-03-11", instance.id],
    sku: ["2017-04-02", "server"],
    subscriptionId: ["2017-08-01", world.subscription],
    tags: ["2017-08-01", pairs.map(([key, value]) => `${key}:${value}`).join(";")],
    tagsList: ["2019-06-04", pairs.map(([key, value]) => ({ name: key, value }))],
    userData: ["2021-01-01", ""],
    version: ["2017-04-02", "24.04.0"],
    virtualMachineScaleSet: ["2021-03-01", { id: scaleSet.id }],
    vmId: ["2017-04-02", instance.vmId],
    vmScaleSetName: ["2017-12-01", scaleSet.name],
    vmSize: ["2017-04-02", "Standard_D2s_v5"],
    zone: ["2017-12-01", ""],
  };
}

function networkOf({ address, vmId }: Instance): object {
  return {
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
  };
}
