import { Fault } from "../base/fault.ts";
import type { Secret } from "../base/secret.ts";
import type { DemoTask } from "./options.ts";

const API_VERSION = "2024-07-01";
const TIMEOUT_MS = 80_000;
const MOST_PAGES = 100;

export type MachineType = "virtualMachines" | "virtualMachineScaleSets";

/** The names of the machines of a resource group, by Azure Resource Manager. @throws Fault ARM_* */
export async function machineNames(
  type: MachineType,
  { armUrl, subscription, resourceGroup }: DemoTask,
  token: Secret,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const group = `${armUrl}/subscriptions/${encodeURIComponent(subscription)}/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  const names: string[] = [];
  let next: string | undefined = `${group}/providers/Microsoft.Compute/${type}?api-version=${API_VERSION}`;
  for (let i = 0; next !== undefined && i < MOST_PAGES; i += 1) {
    const page: Page = await readPage(next, token, signal);
    names.push(...page.value.map(({ name }) => name));
    next = isSameOrigin(page.nextLink, armUrl) ? page.nextLink : undefined;
  }
  return names;
}

type Page = { readonly value: readonly { readonly name: string }[]; readonly nextLink?: string };

async function readPage(url: string, token: Secret, signal: AbortSignal): Promise<Page> {
  const response = await ask(url, token, signal);
  const text = await response.text();
  if (response.status === 200) return parsePage(text);
  const code = response.status === 401 || response.status === 403 ? "ARM_FORBIDDEN" : "ARM_ERROR";
  throw new Fault(code, `Azure Resource Manager answered ${response.status}: ${text.slice(0, 256)}`);
}

function parsePage(text: string): Page {
  try {
    const page: unknown = JSON.parse(text);
    if (typeof page === "object" && page !== null && "value" in page && Array.isArray(page.value)) return page as Page;
  } catch {} // no JSON: the same as no list
  throw new Fault("ARM_ERROR", "Azure Resource Manager answered with something that is no list: check --arm-endpoint");
}

async function ask(url: string, token: Secret, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { Authorization: `Bearer ${token.reveal()}` },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    const { origin } = new URL(url);
    const message = `Azure Resource Manager at ${origin} does not answer: check --arm-endpoint and the network`;
    throw new Fault("ARM_UNREACHABLE", message, { cause });
  }
}

/** The token must go nowhere else than where it was meant for. */
function isSameOrigin(link: string | undefined, armUrl: string): link is string {
  return link !== undefined && URL.canParse(link) && new URL(link).origin === new URL(armUrl).origin;
}
