import { describe, expect, it } from "vitest";
import { identity } from "../../test/support/make.ts";
import { knownAuthorities } from "../azure/clouds.ts";
import { tokenEndpoint } from "./token-endpoint.ts";

const allowed = [...knownAuthorities, "https://adfs.corp.example/adfs"];
const of = (adEndpoint: string, tenant = "contoso.example") =>
  tokenEndpoint(identity("a", { spec: { type: 1, adEndpoint } }), tenant, allowed).href;

describe("tokenEndpoint", () => {
  it.each([
    { adEndpoint: "", then: "https://login.microsoftonline.com/contoso.example/oauth2/token?api-version=1.0" },
    {
      adEndpoint: "https://login.microsoftonline.us",
      then: /^https:\/\/login\.microsoftonline\.us\/contoso\.example\/oauth2/,
    },
    {
      adEndpoint: "HTTPS://Login.ChinaCloudAPI.cn:443/",
      then: /^https:\/\/login\.chinacloudapi\.cn\/contoso\.example\//,
    },
    {
      adEndpoint: "https://adfs.corp.example/adfs",
      then: /^https:\/\/adfs\.corp\.example\/adfs\/contoso\.example\/oauth2/,
    },
    {
      adEndpoint: "https://adfs.corp.example/adfs/",
      then: /^https:\/\/adfs\.corp\.example\/adfs\/contoso\.example\/oauth2/,
    },
    {
      adEndpoint: "https://adfs.corp.example/adfs/more",
      then: /^https:\/\/adfs\.corp\.example\/adfs\/more\/contoso\.example\//,
    },
  ])("keeps host and path of $adEndpoint", ({ adEndpoint, then }) => {
    expect(of(adEndpoint)).toEqual(typeof then === "string" ? then : expect.stringMatching(then));
  });

  it.each([
    { adEndpoint: "http://login.microsoftonline.com/", code: "OBJECT_INVALID" },
    { adEndpoint: "login.microsoftonline.com", code: "OBJECT_INVALID" },
    { adEndpoint: "https://me:hush@login.microsoftonline.com/", code: "OBJECT_INVALID" },
    { adEndpoint: "https://login.microsoftonline.com/?x=", code: "OBJECT_INVALID" },
    { adEndpoint: "https://login.microsoftonline.com/#x", code: "OBJECT_INVALID" },
    { adEndpoint: "https://evil.example/", code: "IDENTITY_DENIED" },
    { adEndpoint: "https://login.microsoftonline.com.evil.example/", code: "IDENTITY_DENIED" },
    { adEndpoint: "https://login.microsoftonline.com:8443/", code: "IDENTITY_DENIED" },
    { adEndpoint: "https://login.microsoftonline.com@evil.example/", code: "OBJECT_INVALID" },
    { adEndpoint: "https://adfs.corp.example/", code: "IDENTITY_DENIED" },
    { adEndpoint: "https://adfs.corp.example/adfs-of-others", code: "IDENTITY_DENIED" },
    { adEndpoint: "https://adfs.corp.example/adfs/%2e%2e/x", code: "IDENTITY_DENIED" },
  ])("refuses $adEndpoint", ({ adEndpoint, code }) => {
    expect(() => of(adEndpoint)).toThrow(expect.objectContaining({ code }));
  });

  it.each(["https://login.microsoftonline.com//evil.example", "https://login.microsoftonline.com/\\evil.example"])(
    "goes to no other host for %s",
    (adEndpoint) => {
      expect(new URL(of(adEndpoint)).host).toBe("login.microsoftonline.com");
    },
  );

  it.each(["", "..", "a/b", "a?b", "a%2fb", "//evil.example", "a b"])("refuses the tenant %j", (tenant) => {
    expect(() => of("", tenant)).toThrow(expect.objectContaining({ code: "OBJECT_INVALID" }));
  });

  it.each([
    { spec: { tenantID: "a b" }, names: "spec.tenantID" },
    { spec: { tenantID: "t", auxiliaryTenantIDs: ["u", "a b"] }, names: "spec.auxiliaryTenantIDs" },
  ])("names $names as the setting to correct", ({ spec, names }) => {
    const wrong = () => tokenEndpoint(identity("a", { spec: { type: 1, ...spec } }), "a b", allowed);
    expect(wrong).toThrow(`"a b" is no tenant: write a tenant's ID or domain into ${names}`);
  });
});
