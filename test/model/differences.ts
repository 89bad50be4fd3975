import { objectOr as part, textOr as text } from "../../src/sandbox/kube-api/json.ts";
import type { Azure } from "./azure.ts";
import type { Forgeries } from "./forgery.ts";
import type { KubeServer } from "./kube.ts";
import { ELSEWHERE, FOREIGN_MACHINE, FOREIGN_NODE, OWN, resourceIdOf } from "./names.ts";
import { recordOf, type StoredRecord } from "./record.ts";
import { type Want, wantsOf } from "./wants.ts";
import type { Owned } from "./watchman.ts";

const FINALIZER = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";

export type Expected = {
  readonly server: KubeServer;
  readonly azure: Azure;
  readonly isNamespaced: boolean;
  readonly owned: Owned;
  /** `machine resource` of what somebody made MIC forget, by taking its record away behind its back. */
  readonly forgotten: ReadonlySet<string>;
  readonly forgeries: Forgeries;
};

/** What is not as it shall be when all trouble is over: missing, left behind, or wrong. */
export function differences({ server, azure, isNamespaced, owned, forgotten, forgeries }: Expected): string[] {
  const wants = wantsOf(server, { isNamespaced, livePods: false });
  const stored = server.list("azureassignedidentities");
  const all = stored.map(recordOf).filter(({ namespace }) => namespace !== ELSEWHERE);
  const said = new Set(wants.map(saidOf));
  const abroad = podsAbroad(server);
  const records = all.flatMap((one) => (forgeries.has(one.uid) ? asMicMayLeave(one, said, abroad) : one));
  const isToldOf = (resourceId: string) => {
    const specs = server.list("azureidentities").map(({ spec }) => part(spec));
    const same = specs.filter(({ resourceID }) => text(resourceID).toLowerCase() === resourceId);
    return same.every(({ clientID }) => clientID === azure.clientIds.get(resourceId));
  };
  const machines = [...azure.machines].flatMap(([id, machine]) => {
    const hasOwn = owned.get(id)?.hasOwn ? [resourceIdOf(OWN)] : [];
    const wanted = new Set([
      ...wants.filter((one) => one.machine === id).map((one) => one.resourceId.toLowerCase()),
      ...hasOwn,
    ]);
    const mayStay = (one: string) => one === resourceIdOf("pinned") || forgotten.has(`${id} ${one}`);
    return [
      ...[...wanted].filter((one) => !machine.carried.has(one)).map((one) => `${id} lacks ${one}`),
      ...[...machine.carried.keys()]
        .filter((one) => !wanted.has(one) && !mayStay(one))
        .map((one) => `${id} still has ${one}`),
      ...[...machine.carried]
        .filter(([one, clientId]) => wanted.has(one) && clientId !== azure.clientIds.get(one) && isToldOf(one))
        .map(([one]) => `${id} has ${one} as it was before it was made anew`),
      ...(machine.hasSystem === (owned.get(id)?.hasSystem ?? false)
        ? []
        : [`${id}: its system-assigned identity is wrong`]),
    ];
  });
  const names = records.filter(({ uid }) => !forgeries.has(uid)).flatMap(misnamed);
  return [...compare([...said], records.map(saying)), ...names, ...forgeries.touched(stored), ...machines];
}

function compare(expected: readonly string[], found: readonly string[]): string[] {
  const missing = expected.filter((one) => !found.includes(one)).map((one) => `there is no record ${one}`);
  const surplus = found.filter((one) => !expected.includes(one)).map((one) => `there is a record ${one}`);
  const twice = found.length > new Set(found).size ? ["there are two records for one thing"] : [];
  return [...missing, ...surplus, ...twice];
}

function saidOf({ namespace, pod, identity, node, binding, clientId, resourceId, machine }: Want): string {
  const means = machine === "" ? "nothing in Azure" : `${resourceId} on ${machine}`;
  return `in ${namespace}: pod ${pod} of node ${node}, identity ${identity} by ${binding}, client ${clientId}: ${means}, Assigned`;
}

/** A forged record may speak of machines of other people for ever, since MIC may not look whether that is true. */
function asMicMayLeave(
  record: StoredRecord,
  said: ReadonlySet<string>,
  abroad: ReadonlySet<string>,
): readonly StoredRecord[] {
  const leftovers = record.leftovers.filter(({ machine }) => machine !== FOREIGN_MACHINE);
  const isForeign = leftovers.length < record.leftovers.length || record.machine === FOREIGN_MACHINE;
  const rest = { ...record, leftovers };
  const isLeft = record.state === "Unassigned" || abroad.has(record.pod);
  return isForeign && isLeft && !said.has(saying(rest)) ? [] : [rest];
}

/** `namespace/name` of pods on a machine of other people: MIC touches no record of such a pod that speaks of one. */
function podsAbroad(server: KubeServer): ReadonlySet<string> {
  const pods = server.list("pods").filter(({ spec }) => text(part(spec).nodeName) === FOREIGN_NODE);
  return new Set(pods.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`));
}

/** Who waits for what although it shall have it: its record does not say Assigned, or the machine has it not. */
export function unserved({ server, azure, isNamespaced }: Pick<Expected, "server" | "azure" | "isNamespaced">) {
  const stored = server.list("azureassignedidentities").map(recordOf);
  const records = new Set(stored.map((record) => saying({ ...record, leftovers: [] })));
  return wantsOf(server, { isNamespaced, livePods: false }).flatMap((want) => {
    const { pod, machine } = want;
    const resourceId = want.resourceId.toLowerCase();
    const isThere = machine === "" || azure.machine(machine).carried.has(resourceId);
    return isThere && records.has(saidOf(want)) ? [] : [{ pod, resourceId, isRefused: azure.refused.has(resourceId) }];
  });
}

function saying({ leftovers, finalizers, isDying, state, ...record }: StoredRecord): string {
  const { namespace, pod, identity, node, binding, clientId, resourceId, machine } = record;
  const means = machine === "" ? "nothing in Azure" : `${resourceId} on ${machine}`;
  const also = [
    ...leftovers.map((one) => `, leaving ${one.resourceId} on ${one.machine}`),
    ...(finalizers.join() === FINALIZER ? [] : [`, finalizers [${finalizers.join()}]`]),
    ...(isDying ? [", being deleted"] : []),
  ];
  return `in ${namespace}: pod ${pod} of node ${node}, identity ${identity} by ${binding}, client ${clientId}: ${means}, ${state}${also.join("")}`;
}

/** A record is called pod-namespace-identity; where that is taken, eight hexadecimal digits follow. */
function misnamed({ name, pod, identity }: StoredRecord): string[] {
  const [namespace = "", podName = ""] = pod.split("/");
  const plain = `${podName}-${namespace}-${identity.split("/")[1]}`;
  const isRight =
    name === plain || (name.startsWith(`${plain}-`) && /^[0-9a-f]{8}$/.test(name.slice(plain.length + 1)));
  return isRight ? [] : [`the record of ${pod} and ${identity} is called ${name}`];
}
