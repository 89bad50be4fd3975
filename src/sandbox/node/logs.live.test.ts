import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { RawKube } from "../../../test/support/kube/raw-kube.ts";
import { startTestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { startKubeApi } from "../kube-api/server.ts";
import type { Kubelet } from "./kubelet.ts";
import { logsOf } from "./logs.ts";

it("of a pod are had from the API server, and followed until the pod goes", { timeout: 60_000 }, async () => {
  const kubelets: Kubelet[] = [];
  await using api = await startKubeApi({ logs: logsOf(kubelets) });
  await using node = await startTestNode(api.url);
  kubelets.push(node.kubelet);
  const kube = new RawKube(api.url);
  const log = (query = "") => fetch(`${api.url}/api/v1/namespaces/default/pods/demo/log${query}`);
  await kube.createPod(
    "demo",
    `console.log("first"); process.on("SIGTERM", () => { console.log("last"); process.exit(); }); setInterval(() => {}, 1000);`,
  );
  await kube.running("demo");
  await eventually(async () => (await log()).text()).toBe("first\n");

  const followed = log("?follow=true").then(({ body }) => text(body as AsyncIterable<Uint8Array>));
  await kube.deletePod("demo");
  expect(await followed).toBe("first\nlast\n");
});

it("of each container are its own", { timeout: 60_000 }, async () => {
  const kubelets: Kubelet[] = [];
  await using api = await startKubeApi({ logs: logsOf(kubelets) });
  await using node = await startTestNode(api.url);
  kubelets.push(node.kubelet);
  const kube = new RawKube(api.url);
  const say = (name: string) => ({ name, image: "script:1", args: [`console.log("${name}")`] });
  await kube.createPod("demo", "", {
    restartPolicy: "Never",
    initContainers: [say("first")],
    containers: [say("main"), say("side")],
  });
  await eventually(async () => (await kube.pod("demo")).status?.phase).toBe("Succeeded");
  for (const name of ["first", "main", "side"]) {
    const log = await fetch(`${api.url}/api/v1/namespaces/default/pods/demo/log?container=${name}&follow=true`);
    expect(await log.text()).toBe(`${name}\n`);
  }
});
