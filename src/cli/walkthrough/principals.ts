import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { demoTarget } from "./azure-steps.ts";
import { hasLines, hasTokenOf } from "./checks.ts";
import { install } from "./install.ts";
import { bindingYaml, podYaml, principalYaml, together } from "./manifests.ts";
import { standardSetup } from "./setup.ts";
import { applyYaml, createNamespace, kubectl } from "./typing.ts";
import type { Step, Walk } from "./walk.ts";

const NAMESPACE = "team";

type Application = Awaited<ReturnType<Walk["sandbox"]["azure"]["createApplication"]>>;
type Kind = { readonly name: string; readonly type: 1 | 2; readonly key: string; readonly what: string };

const SECRET: Kind = { name: "reporting", type: 1, key: "clientSecret", what: "a client secret" };
const CERTIFICATE: Kind = { name: "billing", type: 2, key: "certificate", what: "a certificate" };

/** The guide "Service principals". */
export const principalSteps: readonly Step[] = [
  install(standardSetup),
  { title: "A namespace for them", run: (walk) => createNamespace(walk, NAMESPACE) },
  useOf(SECRET),
  useOf(CERTIFICATE),
  { title: "No machine carries anything", run: areMachinesEmpty },
  { title: "Without the Secret there is no token", run: loseSecret },
];

function useOf(kind: Kind): Step {
  const { name } = kind;
  return {
    title: `A service principal with ${kind.what} (type ${kind.type})`,
    run: async (walk) => {
      const application = await createApplication(walk, kind);
      const identity = { name, namespace: NAMESPACE, type: kind.type, secretName: name };
      const { tenant: tenantId, clientId } = application;
      const authority = `${walk.sandbox.azure.entraUrl}/`;
      const binding = { name: `${name}-binding`, namespace: NAMESPACE, identity: name, selector: name };
      await applyYaml(
        walk,
        together(principalYaml({ ...identity, tenantId, clientId, authority }), bindingYaml(binding)),
      );
      const target = demoTarget(walk, clientId);
      const labels = { aadpodidbinding: name };
      await applyYaml(walk, podYaml({ name, namespace: NAMESPACE, labels, period: "2s", target }));
      await hasTokenOf(walk, { namespace: NAMESPACE, pod: name }, `${NAMESPACE}/${name}`, clientId);
    },
  };
}

/** Microsoft Graph is not emulated, so that the sandbox makes the application by itself; its proof goes into a file. */
async function createApplication(walk: Walk, { name, type, key }: Kind): Promise<Application> {
  const file = join(walk.sandbox.folder, `${name}.${key}`);
  walk.screen.typed(`az ad sp create-for-rbac --name ${name}${type === 2 ? " --create-cert" : ""}`);
  const application = await walk.sandbox.azure.createApplication();
  await writeFile(file, type === 1 ? application.secret : application.pem, { mode: 0o600 });
  walk.screen.output(`→ the sandbox's Entra ID made application ${application.clientId}\n← ${key} in ${file}`);
  await kubectl(walk, ["create", "secret", "generic", name, "-n", NAMESPACE, `--from-file=${key}=${file}`]);
  return application;
}

async function areMachinesEmpty(walk: Walk): Promise<void> {
  for (const { name, machineId } of walk.sandbox.nodes) {
    const has = await walk.sandbox.azure.identitiesOn(machineId);
    if (has.length > 0) throw new Fault("STEP_FAILED", `the machine of node ${name} has ${has.length} identities`);
    walk.screen.ok(`the machine of node ${name} has no identity: the tokens come from Entra ID`);
  }
}

async function loseSecret(walk: Walk): Promise<void> {
  await kubectl(walk, ["delete", "secret", SECRET.name, "-n", NAMESPACE]);
  await hasLines(walk, { namespace: NAMESPACE, pod: SECRET.name }, [
    new RegExp(`failed to acquire .* failed to get Kubernetes secret ${NAMESPACE}/${SECRET.name}: there is none`),
  ]);
  walk.screen.ok("refused from then on, and the answer names the Secret");
}
