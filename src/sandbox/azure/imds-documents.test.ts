import { createVerify, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sandboxImds } from "../../../test/support/azure/sandbox-imds.ts";

describe("the instance's document", () => {
  it("tells what the machine is, and where", async () => {
    await using imds = await sandboxImds();
    const { json } = await imds.call("instance?api-version=2021-03-01");
    const [, second] = imds.pool.facts.instances;

    expect(json.compute).toMatchObject({
      name: "pool_1",
      resourceGroupName: "nodes",
      resourceId: imds.instance,
      subscriptionId: imds.world.subscription,
      tags: "team:blue;cost:42",
      vmId: second?.vmId,
      vmScaleSetName: "pool",
      virtualMachineScaleSet: { id: imds.pool.id },
    });
    expect(json.compute.tagsList[1]).toEqual({ name: "cost", value: "42" });
    expect(json.network.interface[0].ipv4.ipAddress[0].privateIpAddress).toBe(second?.address);
  });

  it("shows in each version what that version has", async () => {
    await using imds = await sandboxImds();
    const names = async (version: string) =>
      Object.keys((await imds.call(`instance/compute?api-version=${version}`)).json);

    expect(await names("2017-04-02")).not.toContain("resourceGroupName");
    expect(await names("2017-08-01")).toContain("resourceGroupName");
    expect(await names("2019-03-11")).not.toContain("tagsList");
    expect(await names("2019-06-04")).toContain("tagsList");
  });

  it("gives parts of itself: trees as JSON, single values as text", async () => {
    await using imds = await sandboxImds();
    const get = (part: string) => imds.call(`instance/${part}`);

    expect((await get("compute?api-version=2021-02-01")).json).toMatchObject({ name: "pool_1" });
    expect((await get("compute/name?api-version=2021-02-01&format=text")).text).toBe("pool_1");
    expect((await get("network/interface/0?api-version=2021-02-01")).json).toHaveProperty("macAddress");
    expect((await get("compute/name?api-version=2021-02-01")).status).toBe(400);
    expect((await get("compute/constructor?api-version=2021-02-01")).status).toBe(404);
  });

  it("names the newest versions to whoever names none, or one that it does not have", async () => {
    await using imds = await sandboxImds();
    for (const query of ["", "?api-version=2016-01-01"]) {
      const { status, json } = await imds.call(`instance${query}`);
      expect([status, json["newest-versions"]]).toEqual([400, ["2023-11-15", "2023-07-01", "2021-12-13"]]);
    }
    expect((await imds.call("versions")).json.apiVersions).toContain("2017-08-01");
  });
});

it("tells the tenant of the machine's identities", async () => {
  await using imds = await sandboxImds();
  const { json } = await imds.call("identity/info?api-version=2018-02-01");
  expect(json).toEqual({ tenantId: imds.world.tenant });
});

describe("the attested document", () => {
  it("is signed by the certificate that it carries, and holds who the machine is until when", async () => {
    await using imds = await sandboxImds();
    const { json } = await imds.call("attested/document?api-version=2020-09-01&nonce=1234567890");
    expect(json.encoding).toBe("pkcs7");
    const der = Buffer.from(json.signature, "base64");
    const start = der.indexOf('{"licenseType"');
    const document = der.subarray(start, der.indexOf("}", der.indexOf('"vmId"')) + 1);
    const at = der.indexOf(Buffer.from([0x30, 0x82]), start); // the only long sequence after the document
    const certificate = new X509Certificate(der.subarray(at, at + 4 + der.readUInt16BE(at + 2)));

    expect(JSON.parse(document.toString())).toMatchObject({
      nonce: "1234567890",
      subscriptionId: imds.world.subscription,
      timeStamp: { createdOn: "01/01/26 00:00:00 -0000", expiresOn: "01/01/26 06:00:00 -0000" },
      vmId: imds.pool.facts.instances[1]?.vmId,
    });
    expect(certificate.checkHost("metadata.azure.com")).toBe("metadata.azure.com");
    expect(createVerify("sha256").update(document).verify(certificate.publicKey, signatureOf(der))).toBe(true);
  });

  it("puts the time in place of a nonce, and is unknown to the first versions", async () => {
    await using imds = await sandboxImds();
    const { json } = await imds.call("attested/document?api-version=2018-10-01");
    expect(Buffer.from(json.signature, "base64").toString("latin1")).toContain('"nonce":"20260101-000000"');
    expect((await imds.call("attested/document?api-version=2018-04-02")).status).toBe(400);
  });
});

/** The message ends with the OCTET STRING of its signature, an ECDSA one of at most 72 bytes. */
function signatureOf(der: Buffer): Buffer {
  for (let size = 66; size <= 72; size += 1) {
    const at = der.length - size;
    if (der[at] === 0x30 && der[at + 1] === size - 2 && der[at - 2] === 0x04 && der[at - 1] === size) {
      return der.subarray(at);
    }
  }
  throw new Error("no signature at the end of the message");
}

describe("scheduled events", () => {
  const path = "scheduledevents?api-version=2020-07-01";

  it("are announced, approved by the guest, and over", async () => {
    await using imds = await sandboxImds();
    const { events } = imds.pool;
    expect((await imds.call(path)).json).toEqual({ DocumentIncarnation: 1, Events: [] });

    const notBefore = imds.clock.now() + 900_000;
    const id = events.announce({ type: "Reboot", resources: ["pool_1"], notBefore });
    expect((await imds.call(path)).json).toEqual({
      DocumentIncarnation: 2,
      Events: [
        {
          EventId: id,
          EventStatus: "Scheduled",
          EventType: "Reboot",
          ResourceType: "VirtualMachine",
          Resources: ["pool_1"],
          NotBefore: "Thu, 01 Jan 2026 00:15:00 GMT",
          Description: "",
          EventSource: "Platform",
          DurationInSeconds: -1,
        },
      ],
    });

    const approval = JSON.stringify({ StartRequests: [{ EventId: id }] });
    expect((await imds.call(path, approval)).status).toBe(200);
    expect((await imds.call(path)).json.Events).toMatchObject([{ EventStatus: "Started", NotBefore: "" }]);
    events.finish(id);
    expect((await imds.call(path)).json).toEqual({ DocumentIncarnation: 4, Events: [] });
    expect((await imds.call(path, approval)).status).toBe(400);
  });

  it.each(["", "{}", '{"StartRequests":[{}]}'])("take no approval like %j", async (body) => {
    await using imds = await sandboxImds();
    expect((await imds.call(path, body)).status).toBe(400);
  });

  it("have versions of their own", async () => {
    await using imds = await sandboxImds();
    expect((await imds.call("scheduledevents?api-version=2021-02-01")).status).toBe(400);
  });
});
