import { Fault } from "../../base/fault.ts";
import { linesOf, logOf, logsOf } from "./probes.ts";
import { kubectl, show } from "./typing.ts";
import { type Standing, until, type Walk } from "./walk.ts";

/** A pod that runs the demo. */
export type DemoName = { readonly namespace: string; readonly pod: string };

const ENDPOINT = "http://[^/]+"; // where the pod's metadata address is on this machine
/** Each of the demo's requests for a token has come to its end, whichever it is. */
const ENDED = [
  /(failed to list machines|successfully listed VMSS)/,
  /(failed to acquire a token from IMDS,|successfully acquired .*\/token\n)/,
  /using (a )?user-assigned identity/,
];

/** `kubectl logs`; where nobody serves them, the file. Gives the log as it was shown. */
async function showLog(walk: Walk, { namespace, pod }: DemoName): Promise<void> {
  if (!walk.isOnOwnCluster) {
    await kubectl(walk, ["logs", pod, ...(namespace === "default" ? [] : ["-n", namespace])]);
    return;
  }
  walk.screen.typed(`cat ${walk.sandbox.logOf(namespace, pod)}`);
  show(walk, await logOf(walk, namespace, pod));
}

/** Waits for the demo's lines, and shows them. @throws Fault STEP_FAILED that names the line that is missing */
export async function hasLines(walk: Walk, demo: DemoName, expected: readonly RegExp[]): Promise<void> {
  await until(walk, {
    what: `what pod ${demo.pod} says`,
    probe: () => linesOf(walk, demo, expected),
    diagnose: async () => {
      const log = await logOf(walk, demo.namespace, demo.pod);
      const line = expected.find((one) => !one.test(log));
      return `its log lacks ${line}; its last line is: ${log.trimEnd().split("\n").at(-1) || "(empty)"}`;
    },
  });
  await showLog(walk, demo);
}

/** What the demo prints when all its requests are answered. */
export function successLines(clientId: string): RegExp[] {
  return [
    `curl -H Metadata:true "${ENDPOINT}/metadata/instance\\?api-version=2017-08-01": \\{"compute":`,
    "successfully listed VMSS instances from ARM via AAD Pod Identity: \\[",
    `successfully acquired a service principal token from ${ENDPOINT}/metadata/identity/oauth2/token\n`,
    `token from ${ENDPOINT}/metadata/identity/oauth2/token using a user-assigned identity \\(${clientId}\\)`,
  ].map((line) => new RegExp(line));
}

/** The pod has tokens, and NMI's log says that they are of this identity, `<namespace>/<name>`. */
export async function hasTokenOf(walk: Walk, demo: DemoName, identity: string, clientId: string): Promise<void> {
  await hasLines(walk, demo, successLines(clientId));
  await isGranted(walk, demo, identity);
}

/** NMI's log says that it gave the pod tokens of this identity. */
export async function isGranted(walk: Walk, demo: DemoName, identity: string): Promise<void> {
  const pod = `${demo.namespace}/${demo.pod}`;
  const granted = new RegExp(`decision="granted" identity="${identity}".* pod="${pod}"`);
  await until(walk, { what: `NMI to tell of pod ${pod}`, probe: () => saysNmi(walk, granted) });
  walk.screen.ok(`NMI's log says: pod ${pod} got tokens of AzureIdentity ${identity}`);
}

/** Whether an NMI has written such a line. */
export async function saysNmi(walk: Walk, line: RegExp): Promise<Standing<string>> {
  const found = line.exec(await logsOf(walk, "nmi"))?.[0];
  return found === undefined ? { now: "it has not" } : { value: found };
}

/** All requests of the pod were refused, with these words. @throws Fault STEP_FAILED for a pod that got a token */
export async function isRefused(walk: Walk, demo: DemoName, because: RegExp): Promise<void> {
  const what = `pod ${demo.pod} to be refused`;
  const log = await until(walk, { what, probe: () => linesOf(walk, demo, ENDED) });
  const got = /.*successfully (listed|acquired).*/.exec(log)?.[0];
  if (got !== undefined)
    throw new Fault("STEP_FAILED", `pod ${demo.pod} got a token although it may have none: ${got}`);
  await showLog(walk, demo);
  if (!because.test(log))
    throw new Fault("STEP_FAILED", `pod ${demo.pod} was refused, but not for ${because}: see its log above`);
  walk.screen.ok("refused, and the answer says why");
}
