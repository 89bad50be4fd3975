import { describe, expect, it } from "vitest";
import { TokenKey } from "./token-key.ts";

const claims = { sub: "system:serviceaccount:default:a", exp: 1 };

describe("tokens that a key signed", () => {
  it("give their claims, each time", () => {
    const key = new TokenKey();
    const token = key.sign(claims);
    expect([key.verified(token), key.verified(token)]).toEqual([claims, claims]);
  });

  it("give nothing once something in them is changed, even when they were known before", () => {
    const key = new TokenKey();
    const [header, payload, signature] = key.sign(claims).split(".");
    const [, others] = key.sign({ ...claims, sub: "system:serviceaccount:kube-system:admin" }).split(".");
    expect(key.verified(`${header}.${payload}.${signature}`)).toEqual(claims);
    expect(key.verified(`${header}.${others}.${signature}`)).toBeUndefined();
    expect(key.verified(`${header}.${payload}.`)).toBeUndefined();
    expect(key.verified(`${header}.${payload}.${signature}.x`)).toBeUndefined();
  });

  it("give nothing to another key", () => {
    const other = new TokenKey();
    other.sign(claims);
    expect(other.verified(new TokenKey().sign(claims))).toBeUndefined();
  });

  it("are remembered up to a number, and found out anew then", () => {
    const key = new TokenKey();
    const tokens = Array.from({ length: 101 }, (_, n) => key.sign({ ...claims, jti: String(n) }));
    const all = () => tokens.map((token) => key.verified(token)?.jti);
    expect(all()).toEqual(tokens.map((_, n) => String(n)));
    expect(all()).toEqual(tokens.map((_, n) => String(n)));
  });
});
