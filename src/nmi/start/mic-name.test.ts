import { expect, it } from "vitest";
import { boundNmi, tokenPath } from "../../../test/support/bound-nmi.ts";
import { exception, pod } from "../../../test/support/make.ts";
import { ask } from "../../../test/support/nmi/node.ts";

const { imds, bound } = boundNmi();
/** Whoever may make pods in a namespace chooses names and owners as well. */
const impostor = { status: { podIP: "10.244.0.9" }, selector: "" };

it.each(["mic", "mic-5d9c7-x2x4q", "microservice-7f6d-abcde"])(
  "a pod called %s gets nothing for its name: an exception of its namespace lets it past NMI",
  async (name) => {
    const node = bound();
    imds().put("anything");
    node.pods.put(pod(name, impostor));
    const asking = () => ask(node, `${tokenPath}&client_id=anything`, { from: "10.244.0.9" });
    expect((await asking()).status).toBe(404);
    expect(imds().requests).toEqual([]);
    node.pods.put(pod(name, { ...impostor, labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    expect((await asking()).status).toBe(200);
  },
);
