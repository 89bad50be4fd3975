import type { Kind } from "../../api/kinds.ts";
import type { KubeAccess } from "../../kube/access.ts";
import { apply } from "./apply.ts";
import { createNamed } from "./create.ts";
import { remove } from "./delete.ts";
import { describe } from "./describe.ts";
import { Discovery } from "./discovery.ts";
import { get } from "./get.ts";
import type { KubectlCommand } from "./line.ts";
import { logs } from "./logs.ts";
import { patch } from "./patch.ts";
import { KubectlRefusal, KubeRequests } from "./requests.ts";
import type { Kubectl, KubectlAnswer, Verb } from "./verb.ts";
import { wordsOf } from "./words.ts";

const verbs: Readonly<Record<string, Verb>> = {
  apply,
  create: createNamed,
  delete: remove,
  describe,
  get,
  logs,
  patch,
};

/**
 * Does by the API itself what `kubectl` would, and says the same, for machines that have none: only what a walkthrough
 * types. `folder` is where relative file names begin.
 */
export class OwnKubectl implements Kubectl, AsyncDisposable {
  readonly #requests: KubeRequests;
  readonly #folder: string;

  constructor(access: KubeAccess, folder: string) {
    this.#requests = new KubeRequests(access);
    this.#folder = folder;
  }

  async run(command: KubectlCommand, signal: AbortSignal): Promise<KubectlAnswer> {
    const words = wordsOf(command);
    const verb = verbs[words.verb];
    if (verb === undefined) throw new TypeError(`kubectl ${words.verb} is not known here`);
    const said: string[] = [];
    try {
      const discovery = await Discovery.of(this.#requests, signal);
      const kindOf = (word: string) => known(discovery.named(word), word);
      await verb(words, {
        requests: this.#requests,
        folder: this.#folder,
        kindOf,
        kindOfObject: (object) => known(discovery.of(object), `${object.kind} in version "${object.apiVersion}"`),
        say: (text) => void said.push(text),
        signal,
      });
      return { ok: true, output: said.join("") };
    } catch (reason) {
      if (!(reason instanceof KubectlRefusal)) throw reason;
      return { ok: false, output: `${said.join("")}${reason.message}\n` };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#requests[Symbol.asyncDispose]();
  }
}

function known(kind: Kind | undefined, word: string): Kind {
  if (kind === undefined) throw new KubectlRefusal(`error: the server doesn't have a resource type "${word}"`);
  return kind;
}
