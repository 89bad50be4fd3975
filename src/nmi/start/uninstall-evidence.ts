import { type DaemonSet, readDaemonSet, UNINSTALL_ANNOTATION } from "../../api/daemon-set.ts";
import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Store } from "../../kube/store.ts";

type EvidenceOptions = {
  readonly client: KubeClient;
  /** NMI's own DaemonSet, as `<namespace>/<name>`; empty for not known. */
  readonly daemonSet: string;
  readonly log: Log;
  /** How long the last look may take. */
  readonly lastLookMs?: number;
};

type Verdict = { readonly isUninstalled: boolean; readonly why: string };

/** Short enough for the time that Kubernetes gives a pod to end. */
const LAST_LOOK_MS = 3000;
const NAME = /^[^/]+\/[^/]+$/;

/** What is wrong with the flag that names the DaemonSet. */
export function daemonSetProblems(daemonSet: string): readonly string[] {
  if (daemonSet === "" || NAME.test(daemonSet)) return [];
  return [`--daemonset=${daemonSet} names no DaemonSet: write <namespace>/<name>, or leave it out`];
}

/**
 * Follows NMI's own DaemonSet, and says whether NMI is being uninstalled. Only what was seen counts: that it went after
 * it had been there, that it is being deleted, or that its chart's hook marked it. No answer is no evidence.
 */
export class UninstallEvidence implements Disposable {
  readonly #options: EvidenceOptions;
  readonly #stop = new AbortController();
  readonly #store: Store<DaemonSet> | undefined;
  #wasThere = false;
  #trouble: Fault | undefined;

  constructor(options: EvidenceOptions) {
    this.#options = options;
    const { daemonSet } = options;
    if (daemonSet === "") return;
    const [namespace, name] = daemonSet.split("/");
    this.#store = new Store({
      client: options.client,
      log: options.log,
      kind: kinds.daemonSet,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      read: readDaemonSet,
      onContact: () => {
        this.#trouble = undefined;
      },
      onTrouble: (fault) => {
        this.#trouble = fault;
      },
    });
    this.#store.onChange(({ after }) => {
      if (after === undefined || this.#wasThere) return;
      this.#wasThere = true;
      options.log.info("following NMI's own DaemonSet, to know when NMI is uninstalled", { daemonSet });
    });
    void this.#store.run(this.#stop.signal);
  }

  /** What is known at the end, after one more look. */
  async verdict(): Promise<Verdict> {
    const { daemonSet } = this.#options;
    if (this.#store === undefined) return no("--daemonset names none, so NMI cannot know whether it is uninstalled");
    const isFresh = await this.#lookAgain(this.#store);
    const seen = signOf(this.#store.list()[0], this.#wasThere);
    if (seen !== undefined) return { isUninstalled: true, why: `DaemonSet ${daemonSet} ${seen}` };
    if (!isFresh)
      return no(`DaemonSet ${daemonSet} cannot be looked at: ${this.#trouble?.message ?? "no answer in time"}`);
    return no(
      this.#wasThere ? `DaemonSet ${daemonSet} is there` : `there is no DaemonSet ${daemonSet}: see --daemonset`,
    );
  }

  /** Whether the API server told of the DaemonSet once more: the watch may be behind. */
  async #lookAgain(store: Store<DaemonSet>): Promise<boolean> {
    try {
      await store.catchUp(AbortSignal.timeout(this.#options.lastLookMs ?? LAST_LOOK_MS));
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Fault("CANCELLED", "NMI stops"));
  }
}

function signOf(daemonSet: DaemonSet | undefined, wasThere: boolean): string | undefined {
  if (daemonSet === undefined) return wasThere ? "was deleted" : undefined;
  if (daemonSet.meta.deletionTimestamp !== "") return "is being deleted";
  return daemonSet.meta.annotations[UNINSTALL_ANNOTATION] === "true" ? "is marked by its chart" : undefined;
}

function no(why: string): Verdict {
  return { isUninstalled: false, why };
}
