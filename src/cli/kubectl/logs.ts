import { objectPath, queryString } from "../../kube/wire.ts";
import { KubectlRefusal } from "./requests.ts";
import type { Verb } from "./verb.ts";

/** `logs POD`. */
export const logs: Verb = async ({ rest, options, namespace }, { requests, kindOf, say, signal }) => {
  const [name = ""] = rest;
  const path = `${objectPath(kindOf("pod"), namespace, name)}/log${queryString({ tailLines: options.tail })}`;
  try {
    say(await requests.text({ method: "GET", path, accept: "*/*" }, signal));
  } catch (reason) {
    if (!(reason instanceof KubectlRefusal && reason.status === 404)) throw reason;
    const where = `pods "${name}" not found in namespace "${namespace}"`;
    throw new KubectlRefusal(`error: error from server (NotFound): ${where}`, 404);
  }
};
