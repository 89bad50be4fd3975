import type { ComputeManagementClient, ComputeManagementClientOptionalParams } from "@azure/arm-compute";
import type { TokenCredential } from "@azure/identity";
import { resourceKey } from "../api/resource-id.ts";
import { type Clock, realClock } from "../base/clock.ts";
import type { Env } from "../base/options.ts";
import { armFault, retryAfterMs } from "./arm-fault.ts";
import { clientPolicies } from "./client-policies.ts";
import type { Cloud } from "./clouds.ts";
import type { Carried, Compute, Hear, Machine, UpdateOptions } from "./compute.ts";
import type { IdentityPatch } from "./identity-patch.ts";
import { checkAzureProxy } from "./proxy.ts";
import { remainingIn } from "./remaining.ts";

/** Where Azure is and how MIC signs in to it. */
export type Access = { readonly cloud: Cloud; readonly credential: () => Promise<TokenCredential> };

export type SdkComputeOptions = {
  /** Asked at each call: what has changed counts from the next one on, calls under way end as they began. */
  readonly access: () => Access;
  readonly userAgent: string;
  /** Sent in place of the version that the SDK was made for, for clouds that are behind. */
  readonly apiVersion?: string;
  /** The environment of the process, as withAzureProxyUrls has it: the SDK looks up its proxy there; not checked when absent. */
  readonly env?: Env;
  /** A certificate authority beside the system's, as PEM. */
  readonly ca?: string;
  readonly clock?: Clock;
};

type Client = Promise<ComputeManagementClient>;
type CallOptions = {
  readonly abortSignal: AbortSignal;
  readonly onResponse: (response: Answer) => void;
};
type Answer = { readonly status: number; readonly headers: { get(name: string): string | undefined } };

/** A change may be done in a second or in minutes, so Azure is asked sooner at first; then as the original did. */
const FIRST_POLL_MS = 1_000;
const NEXT_POLLS_MS = [1_000, 1_000, 2_000, 3_000];
const POLL_MS = 5_000;
const LONGEST_POLL_MS = 60_000;

/** VMs and scale sets through Azure's SDK, which is loaded when it is first needed. */
export class SdkCompute implements Compute {
  readonly #options: SdkComputeOptions;
  readonly #clock: Clock;
  /** A client an access and subscription: nodes may be of several. */
  readonly #clients = new WeakMap<Access, Map<string, Client>>();

  constructor(options: SdkComputeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Loads the SDK ahead of the first call, which takes a while; what goes wrong is told by that call. */
  async prepare(subscription: string): Promise<void> {
    await this.#clientFor(subscription).catch(() => {});
  }

  async get(machine: Machine, signal: AbortSignal, hear?: Hear): Promise<Carried> {
    const shown = await this.#call(machine, signal, hear, (client, options) =>
      machine.isScaleSet
        ? client.virtualMachineScaleSets.get(machine.resourceGroup, machine.name, options)
        : client.virtualMachines.get(machine.resourceGroup, machine.name, options),
    );
    const { identity, provisioningState = "", etag } = shown;
    const entries = Object.entries(identity?.userAssignedIdentities ?? {});
    return {
      type: identity?.type ?? "None",
      state: provisioningState,
      etag,
      clientIds: new Map(entries.map(([id, { clientId = "" }]) => [resourceKey(id), clientId])),
    };
  }

  async update(
    machine: Machine,
    patch: IdentityPatch,
    signal: AbortSignal,
    { hear, etag }: UpdateOptions = {},
  ): Promise<void> {
    // The SDK sends null as it is, although its types do not know that a patch may hold it.
    const parameters = { identity: patch as { type: IdentityPatch["type"] } };
    await this.#call(machine, signal, hear, async (client, options) => {
      const asked = { ms: undefined as number | undefined };
      const onResponse = (answer: Answer) => this.#listen(answer, options, asked);
      const listening = { ...options, onResponse, ...(etag === undefined ? {} : { ifMatch: etag }) };
      const poller = machine.isScaleSet
        ? client.virtualMachineScaleSets.update(machine.resourceGroup, machine.name, parameters, listening)
        : client.virtualMachines.update(machine.resourceGroup, machine.name, parameters, listening);
      await poller.submitted();
      for (let i = 0; !poller.isDone; i += 1) {
        // With what it answers first, Azure guesses how long the change will take: a long guess is not waited for at once.
        const isLongGuess = i === 0 && (asked.ms ?? POLL_MS) >= POLL_MS;
        const mostMs = isLongGuess ? FIRST_POLL_MS : LONGEST_POLL_MS;
        await this.#clock.sleep(Math.min(mostMs, asked.ms ?? NEXT_POLLS_MS[i - 1] ?? POLL_MS), signal);
        await poller.poll({ abortSignal: signal });
      }
      await poller.pollUntilDone();
    });
  }

  /** Notes when Azure wants to be asked again. */
  #listen(answer: Answer, { onResponse }: CallOptions, asked: { ms: number | undefined }): void {
    const header = answer.headers.get("retry-after");
    asked.ms = header === "0" ? 0 : retryAfterMs(header, this.#clock.now());
    onResponse(answer);
  }

  async #call<T>(
    machine: Machine,
    signal: AbortSignal,
    hear: Hear | undefined,
    work: (client: ComputeManagementClient, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const onResponse = ({ status, headers }: Answer) => hear?.(remainingIn(status, (name) => headers.get(name)));
    try {
      const client = await this.#clientFor(machine.subscription);
      return await work(client, { abortSignal: signal, onResponse });
    } catch (reason) {
      signal.throwIfAborted();
      throw armFault(reason, machine.id);
    }
  }

  #clientFor(subscription: string): Client {
    const access = this.#options.access();
    const clients = this.#clients.get(access) ?? new Map<string, Client>();
    this.#clients.set(access, clients);
    const known = clients.get(subscription) ?? this.#createClient(access, subscription);
    clients.set(subscription, known);
    known.catch(() => clients.delete(subscription)); // a failure is not kept
    return known;
  }

  async #createClient({ cloud, credential }: Access, subscription: string): Client {
    const { userAgent, apiVersion, ca, env } = this.#options;
    checkAzureProxy(env ?? {});
    const options: ComputeManagementClientOptionalParams = {
      endpoint: cloud.resourceManager,
      credentials: { scopes: [`${cloud.resourceManager}/.default`] },
      userAgentOptions: { userAgentPrefix: userAgent },
      // When to try again is the caller's business; only polls are repeated, by a policy.
      retryOptions: { maxRetries: 0 },
      additionalPolicies: clientPolicies({ apiVersion, clock: this.#clock }),
      ...(ca === undefined ? {} : { tlsOptions: { ca } }),
    };
    const [{ ComputeManagementClient }, signedIn] = await Promise.all([import("@azure/arm-compute"), credential()]);
    return new ComputeManagementClient(signedIn, subscription, options);
  }
}
