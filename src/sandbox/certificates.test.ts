import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { createAuthority } from "./certificates.ts";

describe("createAuthority", () => {
  it("makes an authority that signs itself and lives for some days", async () => {
    const ca = new X509Certificate((await createAuthority("test CA")).caPem);

    expect(ca.subject).toBe("CN=test CA");
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.validFromDate.getTime()).toBeLessThan(Date.now());
    expect(ca.validToDate.getTime()).toBeGreaterThan(Date.now() + 24 * 60 * 60 * 1000);
    expect(ca.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  });

  it("gives server certificates for localhost and for the names and addresses asked for", async () => {
    const authority = await createAuthority();
    const { cert, key } = await authority.serverCertificate(["kubernetes.default.svc", "10.0.0.1", "fd00::12:3"]);
    const ca = new X509Certificate(authority.caPem);
    const server = new X509Certificate(cert);

    expect(server.ca).toBe(false);
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(server.checkHost("localhost")).toBe("localhost");
    expect(server.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
    expect(server.checkHost("example.com")).toBeUndefined();
    for (const address of ["127.0.0.1", "10.0.0.1", "fd00::12:3"]) expect(server.checkIP(address)).toBe(address);
    expect(server.checkIP("10.0.0.2")).toBeUndefined();
  });

  it("gives every certificate a key and a serial number of its own", async () => {
    const authority = await createAuthority();
    const [a, b] = await Promise.all([authority.serverCertificate(), authority.serverCertificate()]);

    expect(a.key).not.toBe(b.key);
    expect(new X509Certificate(a.cert).serialNumber).not.toBe(new X509Certificate(b.cert).serialNumber);
  });

  it("is trusted over TLS by whoever trusts the authority, and by nobody else", async () => {
    const authority = await createAuthority();
    await using server = createServer(await authority.serverCertificate(), (socket) => socket.end("hello"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;

    const trusting = connect({ port, host: "127.0.0.1", servername: "localhost", ca: authority.caPem });
    const [chunk] = await once(trusting, "data");
    expect(String(chunk)).toBe("hello");

    const stranger = connect({ port, host: "127.0.0.1", servername: "localhost", ca: [] });
    await expect(once(stranger, "secureConnect")).rejects.toThrow(/unable to (verify|get)/);
  });
});
