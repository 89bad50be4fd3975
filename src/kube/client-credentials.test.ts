import { describe, expect, it } from "vitest";
import { clientOf } from "../../test/support/kube/client-of.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { kinds } from "../api/kinds.ts";
import { Secret } from "../base/secret.ts";
import type { Credentials } from "./access.ts";

const signal = new AbortController().signal;
const ref = { namespace: "ns", name: "a" };

describe("a client of the API server", () => {
  it("looks its credentials up anew when they are refused, and sends again only with others", async () => {
    const seen: string[] = [];
    const onDisk = ["new", "new"];
    let kept = "old";
    const credentials = async (areRefused?: boolean) => {
      if (areRefused) kept = onDisk.shift() ?? kept;
      return { token: new Secret(kept) };
    };
    const { client } = await clientOf(
      ({ method, headers }, response) => {
        seen.push(`${method} ${headers.authorization}`);
        response.writeHead(headers.authorization === "Bearer new" ? 200 : 401).end("{}");
      },
      { credentials },
    );
    await client.create(kinds.pod, "ns", {}, signal);
    expect(seen).toEqual(["POST Bearer old", "POST Bearer new"]);
    kept = "other";
    onDisk.splice(0);
    await expect(client.get(kinds.pod, ref, signal)).rejects.toMatchObject({ code: "KUBE_UNAUTHORIZED" });
    expect(seen.slice(2)).toEqual(["GET Bearer other"]);
  });

  it("uses a connection again whose request was refused", async () => {
    let asked = 0;
    const credentials = async () => ({ token: new Secret(++asked % 2 === 1 ? "old" : "new") });
    const { client, sockets } = await clientOf(
      ({ headers }, response) => {
        const status = headers.authorization === "Bearer new" ? 200 : 401;
        response.writeHead(status).end(JSON.stringify({ text: "x".repeat(100_000) }));
      },
      { credentials },
    );
    for (let i = 0; i < 10; i += 1) await client.get(kinds.pod, ref, signal);
    expect(asked).toBe(20);
    expect(sockets.size).toBeLessThan(5);
  });

  it("uses new credentials at once, and their own connections for a new certificate", async () => {
    const tokens: unknown[] = [];
    let credentials: Credentials = { token: new Secret("one") };
    const { client, sockets } = await clientOf(
      ({ headers }, response) => {
        tokens.push(headers.authorization);
        response.end("{}");
      },
      { credentials: async () => credentials },
    );
    await client.get(kinds.pod, ref, signal);
    credentials = { token: new Secret("two") };
    await client.get(kinds.pod, ref, signal);
    expect(sockets.size).toBe(1);
    credentials = { token: new Secret("two"), ca: "another" };
    await client.get(kinds.pod, ref, signal);
    expect(sockets.size).toBe(2);
    await eventually(() => [...sockets].filter(({ destroyed }) => !destroyed).length).toBe(1);
    expect(tokens).toEqual(["Bearer one", "Bearer two", "Bearer two"]);
  });
});
