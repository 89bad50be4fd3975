import type { ArmError } from "./arm-errors.ts";
import type { Azure } from "./azure.ts";
import type { Effect, Sent } from "./compute-port.ts";
import { FOLLOWED, type KubeServer } from "./kube.ts";
import { ELSEWHERE, FOREIGN_MACHINE, OWN, resourceIdOf, SCOPE_MACHINE, SIDE_MACHINE } from "./names.ts";
import { recordOf } from "./record.ts";
import type { Tally } from "./tally.ts";
import { wantsOf } from "./wants.ts";

/** How many changes of one machine a program may ask for at once, and then in each minute. */
const BURST = 4;
const CHANGES_A_MINUTE = 4;
const LONGEST_ASKED_PAUSE_MS = 15 * 60_000;
/** What somebody else does to a machine is waited for, but not for ever. */
const WAIT_FOR_OTHERS_MS = 2 * 60_000;
/** More identities than a change takes are on the way in several. */
const PATCH_SIZE = 150;

/** By resource, a revision up to which everything is known. */
export type Knowledge = ReadonlyMap<string, number>;
/** A pod uses an identity on a machine: its record says Assigned, and everything that the pod needs for it is there. */
type Use = {
  readonly machine: string;
  readonly resourceId: string;
  readonly pod: string;
  readonly clientId: string;
  readonly since: Knowledge;
};

/** By machine, what its owner has put on it. */
export type Owned = ReadonlyMap<string, { hasSystem: boolean; hasOwn: boolean }>;

/** What one run of MIC has done, as far as it is judged. */
export class Conduct {
  readonly name: string;
  /** What it has been shown by now. */
  shown: () => Knowledge = () => new Map();
  readonly lastRead = new Map<string, { readonly hasSystem: boolean; readonly carried: ReadonlySet<string> }>();
  readonly sentAt = new Map<string, number[]>();
  readonly underWay = new Map<string, number>();
  readonly restUntil = new Map<string, number>();
  /** Machines that it saw under way at its last look, and since when. */
  readonly sawBusySince = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }
}

type Parts = {
  readonly server: KubeServer;
  readonly azure: Azure;
  readonly tally: Tally;
  readonly now: () => number;
  readonly isNamespaced: boolean;
  readonly owned: Owned;
};

/** Sees everything that happens, and writes down what must never happen. */
export class Watchman {
  readonly #parts: Parts;
  readonly #revisions = new Map<string, number>(FOLLOWED.map((plural) => [plural, 0]));
  #uses = new Map<string, Use>();
  /** A removal is judged by what MIC had been shown when it sent the change, not when it decided on it. */
  readonly #shownWhenSent = new WeakMap<Sent, Knowledge>();
  readonly #leaders = new Set<Conduct>();
  readonly problems: string[] = [];
  /** How often it had something to judge, so that a history without work is no proof. */
  changes = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.server.onChange((plural, revision) => {
      this.#revisions.set(plural, revision);
      this.#look();
    });
  }

  leads(conduct: Conduct): void {
    this.#leaders.add(conduct);
    if (this.#leaders.size > 1)
      this.object(`${[...this.#leaders].map(({ name }) => name).join(" and ")} lead at the same time`);
  }

  leadsNoMore(conduct: Conduct): void {
    this.#leaders.delete(conduct);
  }

  get leaders(): number {
    return this.#leaders.size;
  }

  /** Whether whoever leads waits for a change of a machine. */
  get isChanging(): boolean {
    return [...this.#leaders].some(({ underWay }) => [...underWay.values()].some((count) => count > 0));
  }

  /** What a run of MIC tells of its dealings with Azure. */
  follow(conduct: Conduct) {
    return {
      read: (machine: string, state: string) => this.#read(conduct, machine, state),
      sent: (sent: Sent) => this.#sent(conduct, sent),
      arrived: (effect: Effect) => this.#arrived(conduct, effect),
      over: (sent: Sent, error: ArmError | undefined) => this.#over(conduct, sent, error),
    };
  }

  #read({ name, lastRead, sawBusySince }: Conduct, id: string, state: string): void {
    if (id === FOREIGN_MACHINE) this.object(`${name} looks at a machine of other people, ${id}`);
    if (state !== "Updating") sawBusySince.delete(id);
    else if (!sawBusySince.has(id)) sawBusySince.set(id, this.#parts.now());
    const { hasSystem, carried } = this.#parts.azure.machine(id);
    lastRead.set(id, { hasSystem, carried: new Set(carried.keys()) });
  }

  #sent(conduct: Conduct, sent: Sent): void {
    const { name, sentAt, underWay, restUntil, shown } = conduct;
    const { machine, at } = sent;
    this.changes += 1;
    this.#countMachine(sent);
    if (machine === FOREIGN_MACHINE) this.object(`${name} changes a machine of other people, ${machine}`);
    if (at < (conduct.sawBusySince.get(machine) ?? Number.NEGATIVE_INFINITY) + WAIT_FOR_OTHERS_MS - 1)
      this.object(`${name} does not wait for what is under way on ${machine}`);
    this.#shownWhenSent.set(sent, shown());
    if ((underWay.get(machine) ?? 0) > 0)
      this.object(`${name} asks for a change of ${machine} while another is under way`);
    underWay.set(machine, (underWay.get(machine) ?? 0) + 1);
    if (at < (restUntil.get(machine) ?? 0))
      this.object(`${name} does not wait as Azure asked before it changes ${machine}`);
    const times = sentAt.get(machine) ?? [];
    sentAt.set(machine, times);
    times.push(at);
    for (const [i, first] of times.entries()) {
      const allowed = BURST + (CHANGES_A_MINUTE * (at - first)) / 60_000;
      if (times.length - i > allowed + 1e-6) return void this.object(`${name} asks for too many changes of ${machine}`);
    }
  }

  #countMachine({ machine, body }: Sent): void {
    const { tally } = this.#parts;
    if (machine === SCOPE_MACHINE) tally.count("a change of a machine in another subscription");
    if (machine === SIDE_MACHINE) tally.count("a change of a machine in another resource group");
    const { length } = Object.keys(body.userAssignedIdentities ?? {});
    if (length > PATCH_SIZE)
      this.object(`a change of ${machine} holds ${length} identities: Azure takes ${PATCH_SIZE}`);
    if (length >= PATCH_SIZE) tally.count("a wish for more identities than a change takes");
  }

  #over({ underWay, restUntil }: Conduct, { machine }: Sent, error: ArmError | undefined): void {
    underWay.set(machine, (underWay.get(machine) ?? 1) - 1);
    const pauseMs = Math.min((error?.retryAfterSeconds ?? 0) * 1_000, LONGEST_ASKED_PAUSE_MS);
    if (pauseMs > 0) restUntil.set(machine, this.#parts.now() + pauseMs - 1_000);
  }

  #arrived(conduct: Conduct, { sent, removed, hadSystem }: Effect): void {
    const { machine } = sent;
    const { azure } = this.#parts;
    const { name } = conduct;
    const read = conduct.lastRead.get(machine);
    const owned = this.#parts.owned.get(machine);
    const { hasSystem } = azure.machine(machine);
    const own = resourceIdOf(OWN);
    // Without etags what its owner did after MIC had looked is lost, as with any two who change a machine at once.
    const isSeen = (wasSeen: boolean | undefined) => azure.hasEtags || wasSeen === true;
    if (hadSystem && !hasSystem && isSeen(read?.hasSystem))
      this.object(`${name} takes the system-assigned identity off ${machine}`);
    if (!hadSystem && hasSystem && (azure.hasEtags || !read?.hasSystem))
      this.object(`${name} gives ${machine} a system-assigned identity`);
    if (removed.has(own) && isSeen(read?.carried.has(own)))
      this.object(`${name} takes its owner's identity off ${machine}`);
    if (owned !== undefined && hadSystem !== hasSystem) owned.hasSystem = hasSystem;
    if (owned !== undefined && removed.has(own)) owned.hasOwn = false;
    const pinned = resourceIdOf("pinned");
    if (removed.has(pinned) && isSeen(read?.carried.has(pinned)))
      this.object(`${name} takes a pinned identity off ${machine}`);
    const known = this.#shownWhenSent.get(sent);
    for (const [resourceId, clientId] of removed) {
      const current = azure.clientIds.get(resourceId);
      if (clientId !== current) continue; // it is of no use as it is there
      for (const use of this.#uses.values()) {
        if (use.clientId !== current) continue; // Azure knows nobody by that ID, so it gives no tokens either
        if (use.machine !== machine || use.resourceId !== resourceId || !isKnown(use.since, known)) continue;
        this.object(`${name} takes ${resourceId} off ${machine}, where ${use.pod} uses it`);
      }
    }
  }

  /** Who uses what now; a use goes on as long as nothing of it was interrupted. */
  #look(): void {
    const { server, isNamespaced } = this.#parts;
    const records = server.list("azureassignedidentities").map(recordOf);
    const standing = records.filter(
      ({ state, isDying, machine, namespace }) =>
        state === "Assigned" && !isDying && machine !== "" && namespace !== ELSEWHERE,
    );
    const uses = new Map<string, Use>();
    for (const want of standing.length === 0 ? [] : wantsOf(server, { isNamespaced, livePods: true })) {
      const resourceId = want.resourceId.toLowerCase();
      const isServed = standing.some(
        (one) =>
          one.pod === want.pod &&
          one.identity === want.identity &&
          one.node === want.node &&
          one.machine === want.machine &&
          one.resourceId.toLowerCase() === resourceId,
      );
      if (!isServed) continue;
      const { pod, machine, clientId } = want;
      const key = [want.podUid, want.identity, machine, resourceId, clientId].join();
      uses.set(key, this.#uses.get(key) ?? { pod, machine, resourceId, clientId, since: new Map(this.#revisions) });
    }
    this.#uses = uses;
  }

  /** Writes down something that must never happen. */
  object(problem: string): void {
    this.problems.push(`at ${(this.#parts.now() / 1000).toFixed(3)} s: ${problem}`);
  }
}

function isKnown(since: Knowledge, known: Knowledge | undefined): boolean {
  return known !== undefined && [...since].every(([plural, revision]) => (known.get(plural) ?? 0) >= revision);
}
