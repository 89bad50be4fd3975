import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createAuthority } from "../certificates.ts";
import { trustedLeaf } from "./certificate-chain.ts";

const [mine, namesake] = await Promise.all([createAuthority("root"), createAuthority("root")]);
const [leaf = "", forged = ""] = await Promise.all(
  [mine, namesake].map(async (one) => (await one.serverCertificate()).cert),
);
const der = (pem: string) => new X509Certificate(pem).raw.toString("base64");
const trusted = [{ authority: mine.caPem, subject: "CN=localhost" }];

describe("a chain that is sent along", () => {
  it.each([
    ["with its authority", [leaf, mine.caPem]],
    ["without it", [leaf]],
  ])("is trusted %s", (_, chain) => {
    expect(trustedLeaf(chain.map(der), trusted).map(String)).toEqual([leaf]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty chain", []],
    ["no certificate", ["AAAA"]],
    ["a certificate by an authority of the same name", [der(leaf), der(namesake.caPem)]],
    ["the authority behind what another issued", [der(forged), der(mine.caPem)]],
    ["one that no authority issued", [der(leaf), der(leaf)]],
    ["an endless chain", Array.from({ length: 11 }, () => der(mine.caPem))],
  ])("is not trusted where it is %s", (_, chain) => {
    expect(trustedLeaf(chain, trusted)).toEqual([]);
  });

  it("is trusted for its own name and of its own authority only", () => {
    expect(trustedLeaf([der(leaf)], [{ authority: mine.caPem, subject: "CN=other" }])).toEqual([]);
    expect(trustedLeaf([der(leaf)], [{ authority: namesake.caPem, subject: "CN=localhost" }])).toEqual([]);
    expect(trustedLeaf([der(leaf)], [])).toEqual([]);
  });
});
