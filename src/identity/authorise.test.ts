import { describe, expect, it } from "vitest";
import { exception, identity, pod } from "../../test/support/make.ts";
import { BEHAVIOR_ANNOTATION } from "../api/kinds.ts";
import { authorise } from "./authorise.ts";
import { passOf } from "./exception.ts";

const confined = { annotations: { [BEHAVIOR_ANNOTATION]: "namespaced" } };

describe("authorise", () => {
  it.each([
    { when: "same namespace", of: identity("a"), only: true, code: undefined },
    { when: "another namespace", of: identity("a", { namespace: "team" }), only: false, code: undefined },
    {
      when: "another namespace, all confined",
      of: identity("a", { namespace: "team" }),
      only: true,
      code: "IDENTITY_NAMESPACED",
    },
    {
      when: "another namespace, this one confined",
      of: identity("a", { namespace: "team", ...confined }),
      only: false,
      code: "IDENTITY_NAMESPACED",
    },
    {
      when: "the annotation in another case does not count",
      of: identity("a", { namespace: "team", annotations: { [BEHAVIOR_ANNOTATION]: "Namespaced" } }),
      only: false,
      code: undefined,
    },
    { when: "an unknown type", of: identity("a", { spec: { type: 7 } }), only: false, code: "OBJECT_INVALID" },
  ])("$when", ({ of, only, code }) => {
    const attempt = () => authorise(pod("web"), of, { namespacedOnly: only });
    if (code === undefined) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code }));
  });
});

it.each([
  { namespace: "default", told: true },
  { namespace: "team", told: false },
])("the text of an identity in $namespace is told a pod in default: $told", ({ namespace, told }) => {
  const broken = identity("secret-name", { namespace, spec: { resourceID: "secret/id" } });
  const refused = expect.objectContaining({
    message: told ? expect.stringMatching(/secret-name.*secret\/id/) : expect.not.stringContaining("secret"),
    facts: { identity: `${namespace}/secret-name`, problem: expect.stringContaining("secret/id") },
  });
  expect(() => authorise(pod("web"), broken, { namespacedOnly: false })).toThrow(refused);
});

describe("an AzurePodIdentityException lets a pod past NMI", () => {
  const mic = pod("mic", { labels: { component: "MIC", tier: "system" } });
  it.each([
    { when: "no exception", exceptions: [], then: false },
    { when: "another value", exceptions: [exception("x", { component: "nmi" })], then: false },
    { when: "a key that the pod lacks", exceptions: [exception("x", { app: "" })], then: false },
    { when: "a value in another case", exceptions: [exception("x", { component: "mic" })], then: true },
    { when: "one of two labels", exceptions: [exception("x", { app: "mic", tier: "system" })], then: true },
    {
      when: "the second exception",
      exceptions: [exception("x", { component: "nmi" }), exception("y", { component: "mic" })],
      then: true,
    },
    {
      when: "an exception of another namespace",
      exceptions: [exception("x", { component: "mic" }, { namespace: "kube-system" })],
      then: false,
    },
    {
      when: "the namespace is one in which exceptions count",
      exceptions: [exception("x", { component: "mic" })],
      namespaces: ["kube-system", "default"],
      then: true,
    },
    {
      when: "exceptions count in other namespaces only",
      exceptions: [exception("x", { component: "mic" })],
      namespaces: ["kube-system"],
      then: false,
    },
  ])("$when", ({ exceptions, namespaces = [], then }) => {
    const settings = { exceptionNamespaces: namespaces, micServiceAccount: "" };
    expect(passOf(mic, exceptions, settings)).toBe(then ? "exception" : undefined);
  });
});
