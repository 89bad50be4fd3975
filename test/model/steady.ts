import { addPod, bindIdentity } from "./act.ts";
import type { Refusing } from "./arm-errors.ts";
import { unserved } from "./differences.ts";
import { type NodeName, resourceIdOf, USUAL_NODES } from "./names.ts";
import type { Watchman } from "./watchman.ts";
import type { World } from "./world.ts";

/** Identities that Azure refuses all the time, with pods that want them and come and go, while all else is well. */
export type Steady = {
  /** One for each bad identity: how it is refused. */
  readonly refusals: readonly Refusing[];
  /** So often a pod that wants bad ones is replaced. */
  readonly churnMs: number;
  /** Whether a good pod wants the bad ones too. */
  readonly isTogether: boolean;
  readonly node: NodeName;
  /** In the end Azure refuses nothing any more, and MIC is told to sign in anew. */
  readonly isCured: boolean;
};

/**
 * What was before may hold up everything for so long: a watch that died silently, a change that never ends, a pause that
 * Azure has asked for.
 */
const SHORTEST_AFTERMATH_MS = 3 * 60_000;
const LONGEST_AFTERMATH_MS = 20 * 60_000;
/** Then a pod with a good identity waits no longer than so, whatever others suffer. */
const LONGEST_WAIT_MS = 3 * 60_000;
/** The bad ones are there for so long before the good ones come that MIC asks for them every four minutes only. */
const BEFORE_MS = 200_000;
const LOOK_MS = 5_000;
/** `namespace/name` */
const CHURNING = "default/bad-0";
const GOOD = "default/good-0";

type Place = { readonly world: World; readonly watchman: Watchman; readonly isNamespaced: boolean };

/** Good pods get what they need in time, although others are refused all the while. */
export async function serveBeside(steady: Steady, { world, watchman, isNamespaced }: Place): Promise<void> {
  const { server, azure, timeline, tally } = world;
  const open = (isMine: (pod: string) => boolean) =>
    unserved({ server, azure, isNamespaced }).filter(({ pod, isRefused }) => !isRefused && isMine(pod));
  const serve = async (what: string, mostMs: number, isMine: (pod: string) => boolean) => {
    const end = timeline.now + mostMs;
    while (watchman.problems.length === 0 && open(isMine).length > 0 && timeline.now < end)
      await timeline.pass(LOOK_MS);
    for (const { pod, resourceId } of open(isMine))
      watchman.object(`${what}: ${pod} waits for ${resourceId} for ${mostMs / 60_000} minutes`);
  };

  world.healButRefusals();
  await timeline.pass(SHORTEST_AFTERMATH_MS);
  for (const end = timeline.now + LONGEST_AFTERMATH_MS; watchman.isChanging && timeline.now < end; )
    await timeline.pass(SHORTEST_AFTERMATH_MS);
  await serve("although all but some identities is well", LONGEST_AFTERMATH_MS, () => true);

  let isOver = false;
  const churn = (label: string) => {
    if (isOver) return;
    replace(world, steady.node, CHURNING, label);
    timeline.in(steady.churnMs, () => churn(label === "bad" ? "none-such" : "bad"));
  };
  prepare(world, steady);
  tally.count("steady refusals beside good pods");
  churn("bad");
  await timeline.pass(BEFORE_MS);
  for (const node of [steady.node, ...USUAL_NODES.slice(0, 1)]) {
    if (watchman.problems.length > 0) break;
    replace(world, node, GOOD, steady.isTogether ? "both" : "good");
    await serve("although others are refused", LONGEST_WAIT_MS, (pod) => pod === GOOD);
    tally.count("a good pod served although others are refused");
  }
  isOver = true;
  if (!steady.isCured || watchman.problems.length > 0) return;
  azure.refused.clear();
  world.readAzureJsonAnew();
  tally.count("azure.json ends refusals");
  await serve("although azure.json was corrected", LONGEST_WAIT_MS, () => true);
}

/** Identities and bindings: `bad` binds all bad ones, `good` a good one, `both` all of them. */
function prepare(world: World, { refusals }: Steady): void {
  bindIdentity(world, "good", ["good", "both"]);
  bindIdentity(world, "other", ["bad"]);
  for (const [i, how] of refusals.entries()) {
    bindIdentity(world, `bad-${i}`, ["bad", "both"]);
    world.azure.refused.set(resourceIdOf(`bad-${i}`), how);
  }
}

/** A pod with that label takes the place of the one of its name. */
function replace(world: World, node: NodeName, pod: string, label: string): void {
  const [namespace = "", name = ""] = pod.split("/");
  const old = world.server.list("pods").find(({ metadata }) => metadata.name === name);
  if (old !== undefined) world.remove("pods", old);
  addPod(world, { namespace, name, node, label });
}
