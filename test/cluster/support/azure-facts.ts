/** Where the stand-ins of Azure are in the cluster's network, and what a cluster has to know of them. */

export const METADATA_ADDRESS = "169.254.169.254";
const FABRIC_ADDRESS = "172.30.0.1";
export const ports = { arm: 8443, entra: 8444, vault: 8445 } as const;
const names = { arm: "management.azure.example", entra: "login.azure.example", vault: "vault.azure.example" } as const;

export const urls = {
  arm: `https://${names.arm}:${ports.arm}/`,
  entra: `https://${names.entra}:${ports.entra}/`,
  vault: `https://${names.vault}:${ports.vault}/`,
} as const;

/** The line by which the cluster's name service knows them. */
export const hostsLine = [FABRIC_ADDRESS, ...Object.values(names)].join(" ");
/** What their certificate is for. */
export const certificateNames = Object.values(names)
  .map((name) => `DNS:${name}`)
  .join();

export const nodeAddress = (node: number) => `172.30.0.${10 + node}`;

/** A machine of a node: `id` is its VM's or scale set's, `instanceId` the same or its instance's. */
type NodeMachine = { readonly node: string; readonly id: string; readonly instanceId: string };

export type AzureFacts = {
  readonly subscription: string;
  readonly tenant: string;
  readonly resourceGroup: string;
  /** Of node1 (a VM), node2 (instance 0 of a scale set), and instance 1, which no node runs on. */
  readonly machines: readonly NodeMachine[];
  /** Who MIC signs in as. */
  readonly mic: { readonly clientId: string; readonly secret: string };
};
