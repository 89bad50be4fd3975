import type { Kind } from "../../api/kinds.ts";
import type { KubectlCommand } from "./line.ts";
import type { KubeRequests } from "./requests.ts";
import type { KubeObject } from "./target.ts";
import type { Words } from "./words.ts";

/** What a command printed, both streams in their order, and whether it ended well. */
export type KubectlAnswer = { readonly ok: boolean; readonly output: string };

/** Whoever runs what is typed after `kubectl`. */
export type Kubectl = {
  run(command: KubectlCommand, signal: AbortSignal): Promise<KubectlAnswer>;
};

/** What a verb of ours works with. */
export type VerbTools = {
  readonly requests: KubeRequests;
  /** Where relative file names begin. */
  readonly folder: string;
  /** @throws KubectlRefusal for a word that names no kind */
  readonly kindOf: (word: string) => Kind;
  readonly kindOfObject: (object: KubeObject) => Kind;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
};

/** One verb of `kubectl`. @throws KubectlRefusal as the command would end */
export type Verb = (words: Words, tools: VerbTools) => Promise<void>;
