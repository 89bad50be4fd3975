import { type JsonObject, objectOr } from "../json.ts";
import { type FieldError, wrong } from "../status.ts";
import { amountOf } from "./amount.ts";
import { labelNameErrors } from "./names.ts";

/** Names without a domain that containers may ask for. */
const OF_CONTAINERS = /^(cpu|memory|ephemeral-storage|hugepages-.*)$/;
/** Those that quotas know beside them. */
const OF_QUOTAS = [
  ...["pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "storage", "requests.storage", "services.nodeports", "services.loadbalancers"],
  ...["limits", "requests"].flatMap((part) => ["cpu", "memory", "ephemeral-storage"].map((name) => `${part}.${name}`)),
];

/** What is wrong with what a container asks for and is limited to. */
export function resourceErrors({ requests, limits }: JsonObject, path: string): FieldError[] {
  const most = objectOr(limits);
  return [
    ...Object.entries(most).flatMap(([name, amount]) => oneErrors(name, amount, `${path}.limits[${name}]`)),
    ...Object.entries(objectOr(requests)).flatMap(([name, asked]) => {
      const limit = most[name];
      const isTooMuch = limit !== undefined && amountOf(asked) > amountOf(limit);
      const why = `must be less than or equal to ${name} limit of ${limit}`;
      return [
        ...oneErrors(name, asked, `${path}.requests[${name}]`),
        ...(isTooMuch ? [wrong(`${path}.requests`, String(asked), why)] : []),
      ];
    }),
  ];
}

function oneErrors(name: string, amount: unknown, field: string): FieldError[] {
  const isPlain = !name.includes("/") && !OF_CONTAINERS.test(name);
  const ill = labelNameErrors(field, name);
  const isUnknown = ill.length === 0 && isPlain && !OF_QUOTAS.includes(name);
  return [
    ...ill,
    ...(isUnknown ? [wrong(field, name, "must be a standard resource type or fully qualified")] : []),
    ...(isPlain ? [wrong(field, name, "must be a standard resource for containers")] : []),
    ...(amountOf(amount) < 0 ? [wrong(field, String(amount), "must be greater than or equal to 0")] : []),
  ];
}
