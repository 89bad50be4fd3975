import { createServer, request } from "node:http";
import { json } from "node:stream/consumers";
import type { AzureVerbs } from "./azure-verbs.ts";

/** The verbs from another network namespace: a socket that is a file reaches all of them. */
export type Azure = {
  readonly [Verb in keyof AzureVerbs]: (
    ...args: Parameters<AzureVerbs[Verb]>
  ) => Promise<Awaited<ReturnType<AzureVerbs[Verb]>>>;
};

type Answer = { readonly value?: unknown; readonly error?: string };

/** Serves verbs: a POST to their name, with arguments as a JSON array. */
export function controlServer(verbs: AzureVerbs) {
  return createServer(async (asked, response) => {
    const answer = await json(asked)
      .then((args) => carryOut(verbs, asked.url?.slice(1) ?? "", args as unknown[]))
      .catch((reason: unknown): Answer => ({ error: String(reason) }));
    response.end(JSON.stringify(answer));
  });
}

async function carryOut(verbs: AzureVerbs, name: string, args: unknown[]): Promise<Answer> {
  const verb = (verbs as Readonly<Record<string, unknown>>)[name];
  if (typeof verb !== "function") throw new Error(`Azure has no verb ${name}`);
  return { value: await verb(...args) };
}

/** The verbs, as callable from here. */
export function azureAt(socketPath: string): Azure {
  const call = (verb: string, args: readonly unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const asked = request({ socketPath, path: `/${verb}`, method: "POST" }, async (response) => {
        const { value, error } = (await json(response)) as Answer;
        if (error === undefined) resolve(value);
        else reject(new Error(`${verb}: ${error}`));
      });
      asked.once("error", reject);
      asked.end(JSON.stringify(args));
    });
  return new Proxy({} as Azure, {
    get: (_, verb) =>
      typeof verb === "string" && verb !== "then" ? (...args: readonly unknown[]) => call(verb, args) : undefined,
  });
}
