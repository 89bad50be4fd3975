import { describe, expect, it } from "vitest";
import { jsonPath } from "../table/json-path.ts";
import { acceptedForm, acceptsAggregated, carriesOf } from "./accept.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

describe("the form that a client accepts", () => {
  it.each([
    [undefined, "object"],
    ["application/json", "object"],
    ["*/*", "object"],
    [`${TABLE},application/json`, "table"],
    [`application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, "object"],
    ["application/vnd.kubernetes.protobuf,application/json", "object"],
    ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "metadata"],
    [`application/json, ${TABLE}`, "object"],
  ])("of %s is %s", (header, then) => {
    expect(acceptedForm(header)).toBe(then);
  });

  it("is refused where there is none of it", () => {
    expect(() => acceptedForm("application/yaml")).toThrow(/only the following media types/);
    expect(() => carriesOf(new URLSearchParams("includeObject=All"))).toThrow(/unrecognized includeObject/);
  });

  it.each([
    [`${AGGREGATED},application/json`, true],
    [`application/json,${AGGREGATED}`, false],
    ["application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", false],
    [undefined, false],
  ])("of %s takes discovery in one answer: %s", (header, then) => {
    expect(acceptsAggregated(header)).toBe(then);
  });
});

describe("a printer column's path", () => {
  const bird = {
    spec: {
      "a.b": "dotted",
      list: [
        { type: "Ready", status: "True" },
        { type: "Old", status: "False" },
      ],
      zero: 0,
    },
  };

  it.each([
    [".spec.zero", [0]],
    [".spec.none", []],
    [".spec.none.deeper", []],
    [".spec.a\\.b", ["dotted"]],
    [".spec['a.b']", ["dotted"]],
    [".spec.list[0].status", ["True"]],
    [".spec.list[-1].status", ["False"]],
    [".spec.list[9].status", []],
    [".spec.list[*].type", ["Ready", "Old"]],
    ['.spec.list[?(@.type=="Old")].status', ["False"]],
  ])("%s finds %j", (path, then) => {
    expect(jsonPath(path)(bird)).toEqual(then);
  });

  it("that is none is refused", () => {
    expect(() => jsonPath("spec[")).toThrow("unrecognized path spec[");
  });
});
