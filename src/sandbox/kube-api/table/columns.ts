import type { Json, JsonObject } from "../json.ts";
import { qualified } from "../status.ts";
import * as core from "./core.ts";
import * as others from "./others.ts";
import { podCells } from "./pods.ts";

type Column = {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 by `-o wide`. */
  readonly priority: number;
};

/** How objects of a kind are shown as rows. */
export type TableForm = {
  readonly columns: readonly Column[];
  readonly cells: (object: JsonObject, now: number) => readonly Json[];
};

const RBAC = "rbac.authorization.k8s.io";
const ADMISSION = "admissionregistration.k8s.io";
const MADE = "+Containers +Images +Selector";
const SUBJECTS = "+Users +Groups +ServiceAccounts";

/** Columns by a line: `+` before one that only `-o wide` shows, `_` for a space, `:` before a type that is no text. */
const forms: Readonly<Record<string, readonly [columns: string, cells: TableForm["cells"]]>> = {
  pods: ["Name Ready Status Restarts Age +IP +Node +Nominated_Node +Readiness_Gates", podCells],
  nodes: [
    "Name Status Roles Age Version +Internal-IP +External-IP +OS-Image +Kernel-Version +Container-Runtime",
    core.nodeCells,
  ],
  namespaces: ["Name Status Age", core.namespaceCells],
  services: ["Name Type Cluster-IP External-IP Port(s) Age +Selector", core.serviceCells],
  secrets: ["Name Type Data Age", core.secretCells],
  configmaps: ["Name Data Age", core.configMapCells],
  serviceaccounts: ["Name Secrets Age", core.accountCells],
  endpoints: ["Name Endpoints Age", core.endpointsCells],
  resourcequotas: ["Name Request Limit Age", core.quotaCells],
  events: ["Last_Seen Type Reason Object +Subobject +Source Message +First_Seen +Count +Name", core.eventCells],
  "leases.coordination.k8s.io": ["Name Holder Age", core.leaseCells],
  "endpointslices.discovery.k8s.io": ["Name AddressType Ports Endpoints Age", core.sliceCells],
  "deployments.apps": [`Name Ready Up-to-date Available Age ${MADE}`, others.deploymentCells],
  "daemonsets.apps": [
    `Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age ${MADE}`,
    others.daemonSetCells,
  ],
  "replicasets.apps": [`Name Desired:integer Current:integer Ready:integer Age ${MADE}`, others.replicaSetCells],
  "statefulsets.apps": ["Name Ready Age +Containers +Images", others.statefulSetCells],
  "controllerrevisions.apps": ["Name Controller Revision Age", others.revisionCells],
  "jobs.batch": [`Name Status Completions Duration Age ${MADE}`, others.jobCells],
  "cronjobs.batch": [
    `Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age ${MADE}`,
    others.cronJobCells,
  ],
  "poddisruptionbudgets.policy": [
    "Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age",
    others.budgetCells,
  ],
  [`rolebindings.${RBAC}`]: [`Name Role Age ${SUBJECTS}`, others.bindingCells],
  [`clusterrolebindings.${RBAC}`]: [`Name Role Age ${SUBJECTS}`, others.bindingCells],
  "priorityclasses.scheduling.k8s.io": [
    "Name Value:integer Global-Default:boolean Age PreemptionPolicy",
    others.priorityCells,
  ],
  [`validatingadmissionpolicies.${ADMISSION}`]: ["Name Validations:integer ParamKind Age", others.policyCells],
  [`validatingadmissionpolicybindings.${ADMISSION}`]: ["Name PolicyName ParamRef Age", others.policyBindingCells],
};

/** What is shown of a kind that has no form of its own. */
const plain: TableForm = {
  columns: columnsOf("Name Created_At:date"),
  cells: (object) => [core.nameOf(object), core.createdAt(object)],
};

const known = new Map(
  Object.entries(forms).map(([name, [line, cells]]) => [name, { columns: columnsOf(line), cells }]),
);

/** The form of a built-in kind. */
export function builtInForm({ plural, group }: { readonly plural: string; readonly group: string }): TableForm {
  return known.get(qualified(plural, group)) ?? plain;
}

function columnsOf(line: string): readonly Column[] {
  return line.split(" ").map((text) => {
    const [label = "", type = "string"] = text.split(":");
    const name = label.replace("+", "").replaceAll("_", " ");
    const format = name === "Name" ? "name" : "";
    return { name, type, format, description: "", priority: label.startsWith("+") ? 1 : 0 };
  });
}
