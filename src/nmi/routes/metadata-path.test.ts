import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMetadataPath } from "./metadata-path.ts";

const token = "/metadata/identity/oauth2/token";

describe("readMetadataPath", () => {
  it.each([
    { target: token, area: "token" },
    { target: `${token}/`, area: "token" },
    { target: `${token}/?resource=a%2Fb`, area: "token" },
    { target: "/Metadata/identity/oauth2/token/", area: "token" },
    { target: "/metadata/Identity/OAuth2/Token", area: "token" },
    { target: "/metadata/./identity/x/../oauth2//token", area: "token" },
    { target: "/metadata/identity%2Foauth2%252ftoken", area: "token" },
    { target: "/metadata/identity/info", area: "identity" },
    { target: `${token}/more`, area: "identity" },
    { target: `${token}XYZ`, area: "identity" },
    { target: "/host/token", area: "host" },
    { target: "/host/token/?resource=x", area: "host" },
    { target: "/metadata/instance", area: "instance" },
    { target: "/Metadata/Instance/", area: "instance" },
    { target: "/metadata/%69nstance?api-version=1", area: "instance" },
    { target: "/metadata/identity/../instance", area: "instance" },
    { target: "/metadata/attested/document", area: "document" },
    { target: "/metadata/versions", area: "document" },
    { target: "/metadata/scheduledevents", area: "document" },
    { target: "/metadata/loadbalancer", area: "document" },
  ])("$target is $area", ({ target, area }) => {
    expect(readMetadataPath(target).area).toBe(area);
  });

  it.each([
    { target: "/metadata/identity\\oauth2/token/", code: "REQUEST_INVALID" },
    { target: "/metadata/identity/oauth2\\token/", code: "REQUEST_INVALID" },
    { target: "/metadata/identity\\oauth2\\token/", code: "REQUEST_INVALID" },
    { target: "/metadata/identity/\\oauth2\\token/", code: "REQUEST_INVALID" },
    { target: "/metadata/identity\\\\\\oauth2\\\\token/", code: "REQUEST_INVALID" },
    { target: "/metadata/identity%5Coauth2/token", code: "REQUEST_INVALID" },
    { target: "/metadata/identity%255Coauth2/token", code: "REQUEST_INVALID" },
    { target: "//metadata/instance", code: "REQUEST_INVALID" },
    { target: "/host/tokenXYZ", code: "PATH_UNKNOWN" },
    { target: "/host/token/more", code: "PATH_UNKNOWN" },
    { target: "http://169.254.169.254/metadata/instance", code: "REQUEST_INVALID" },
    { target: "example.org:80", code: "REQUEST_INVALID" },
    { target: "*", code: "REQUEST_INVALID" },
    { target: "", code: "REQUEST_INVALID" },
    { target: "/metadata/instance#x", code: "REQUEST_INVALID" },
    { target: "/metadata/instance?a#b", code: "REQUEST_INVALID" },
    { target: "/metadata/%zz", code: "REQUEST_INVALID" },
    { target: "/metadata/instance%00", code: "REQUEST_INVALID" },
    { target: "/metadata/instance%3Fa", code: "REQUEST_INVALID" },
    { target: "/metadata/instance;x", code: "REQUEST_INVALID" },
    { target: "/metadata/%2525252525252561", code: "REQUEST_INVALID" },
    { target: "/", code: "PATH_UNKNOWN" },
    { target: "/metadata/", code: "PATH_UNKNOWN" },
    { target: "/metadata", code: "PATH_UNKNOWN" },
    { target: "/doesnotexist", code: "PATH_UNKNOWN" },
    { target: "/metadata/constructor", code: "PATH_UNKNOWN" },
    { target: "/metadata/versions/more", code: "PATH_UNKNOWN" },
    { target: "/metadata/instance/identity/oauth2/token", code: "PATH_UNKNOWN" },
    { target: "/machine?comp=goalstate", code: "PATH_UNKNOWN" },
  ])("$target is refused", ({ target, code }) => {
    expect(() => readMetadataPath(target)).toThrow(expect.objectContaining({ code }));
  });

  it("passes the canonical path on, spelled as it was below the document, with the query as it was", () => {
    const target = "/METADATA//Instance/x/../compute/%76mId/?api-version=2021-02-01&format=te%78t";
    expect(readMetadataPath(target).target).toBe(
      "/metadata/instance/compute/vmId/?api-version=2021-02-01&format=te%78t",
    );
  });

  it("lets no spelling of an identity path through as a document", () => {
    const piece = fc.constantFrom(
      "metadata",
      "instance",
      "identity",
      "oauth2",
      "token",
      "..",
      ".",
      "versions",
      "/",
      "//",
      "%2f",
      "%252F",
      "\\",
      "%5c",
      "%2e%2e",
      "IDENTITY",
      "%69dentity",
      "%2569dentity",
      "?",
      "#",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let result: ReturnType<typeof readMetadataPath>;
        try {
          result = readMetadataPath(`/metadata/${pieces.join("")}`);
        } catch (reason) {
          expect(reason).toMatchObject({ name: "Fault" });
          return;
        }
        const path = result.target.split("?")[0] ?? "";
        if (result.area === "instance" || result.area === "document") expect(path).not.toMatch(/identity/i);
        expect(path).toMatch(/^\/metadata\/[\w./~-]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});
