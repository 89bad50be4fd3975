import { builtIn, type Resource } from "../resource.ts";
import { preparePolicy, preparePolicyBinding } from "./small-defaults.ts";

const GROUP = "admissionregistration.k8s.io";
const kept = {
  categories: ["api-extensions"],
  isNamespaced: false,
  hasGeneration: true,
  updatesBlindly: false,
} as const;

/** Policies that an API server asks before it admits an object. Here they are kept and never asked. */
export const admissionPolicies: readonly Resource[] = [
  builtIn(GROUP, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", {
    ...kept,
    listKind: "ValidatingAdmissionPolicyList",
    hasStatus: true,
    prepare: preparePolicy,
  }),
  builtIn(GROUP, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", {
    ...kept,
    prepare: preparePolicyBinding,
  }),
];
