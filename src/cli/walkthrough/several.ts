import { Fault } from "../../base/fault.ts";
import { isAssigned, listAssignments } from "./assignments.ts";
import { createIdentities, targetOf } from "./azure-steps.ts";
import { hasLines, hasTokenOf, isGranted } from "./checks.ts";
import { install } from "./install.ts";
import { bindingYaml, identityYaml, podYaml, together } from "./manifests.ts";
import { logOf } from "./probes.ts";
import { hastySetup } from "./setup.ts";
import { applyYaml, kubectl } from "./typing.ts";
import { identityOf, type Step } from "./walk.ts";

const LABEL = "team";
const READER = { namespace: "default", pod: "uses-reader" };
const WRITER = { namespace: "default", pod: "uses-writer" };
const STRANGER = { namespace: "default", pod: "uses-auditor" };

/** Pods with two identities, which name the one that they want. */
export const severalSteps: readonly Step[] = [
  install(hastySetup),
  createIdentities("reader", "writer", "auditor"),
  {
    title: "Bind two of them to one label",
    run: async (walk) => {
      const identity = (name: string) => identityYaml({ name, ...identityOf(walk, name) });
      await applyYaml(walk, together(identity("reader"), identity("writer"), identity("auditor")));
      const binding = (name: string, weight: number) =>
        bindingYaml({ name: `${name}-binding`, identity: name, selector: LABEL, weight });
      await applyYaml(walk, together(binding("reader", 1), binding("writer", 2)));
      await kubectl(walk, "get azureidentities");
      await kubectl(walk, "get azureidentitybindings");
      walk.screen.ok(`pods with the label aadpodidbinding=${LABEL} may use reader and writer, not auditor`);
    },
  },
  {
    title: "A pod for each",
    run: async (walk) => {
      const pod = (name: string, identity: string) =>
        podYaml({ name, labels: { aadpodidbinding: LABEL }, target: targetOf(walk, identity) });
      await applyYaml(walk, together(pod(READER.pod, "reader"), pod(WRITER.pod, "writer")));
      for (const pod of [READER, WRITER]) {
        for (const identity of ["reader", "writer"]) await isAssigned(walk, { ...pod, identity });
      }
      await listAssignments(walk, 4);
    },
  },
  {
    title: "Each gets tokens of the identity that it names",
    run: async (walk) => {
      await hasTokenOf(walk, READER, "default/reader", identityOf(walk, "reader").clientId);
      await hasTokenOf(walk, WRITER, "default/writer", identityOf(walk, "writer").clientId);
    },
  },
  {
    title: "Who names none gets that of the highest weight",
    run: async (walk) => {
      walk.screen.say("  Each pod also asked for a token without naming an identity.");
      await isGranted(walk, READER, "default/writer");
      walk.screen.ok("the binding of writer has the highest weight");
    },
  },
  {
    title: "An identity that is not bound to the pod is refused",
    run: async (walk) => {
      const target = targetOf(walk, "auditor");
      await applyYaml(walk, podYaml({ name: STRANGER.pod, labels: { aadpodidbinding: LABEL }, target }));
      walk.screen.say("  NMI waits a little first: a binding may be on its way.");
      await hasLines(walk, STRANGER, [
        /failed to acquire .* using user-assigned identity.* no identity bound to the pod has the client ID/,
      ]);
      const got = /.*successfully (?:listed|acquired .* using a user-assigned).*/.exec(
        await logOf(walk, STRANGER.namespace, STRANGER.pod),
      );
      if (got !== null) throw new Fault("STEP_FAILED", `pod ${STRANGER.pod} got a token of auditor: ${got[0]}`);
      walk.screen.ok("no token of auditor for this pod, and the answer says why");
    },
  },
];
