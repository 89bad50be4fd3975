import type { TestProject } from "vitest/node";
import { type ControlPlane, type ControlPlaneAddress, missing, startControlPlane } from "./control-plane.ts";

/** The control plane that all tests of a project share, or why there is none. */
export type SharedControlPlane = ControlPlaneAddress | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    controlPlane: SharedControlPlane;
  }
}

let plane: ControlPlane | undefined;

/** Runs once before a project's tests; they get the address with `inject("controlPlane")`. */
export async function setup(project: TestProject): Promise<void> {
  const reason = missing();
  if (reason !== undefined) {
    if (process.env.REQUIRE_ALL === "1") throw new Error(`REQUIRE_ALL is set, but ${reason}`);
    project.provide("controlPlane", { missing: reason });
    return;
  }
  plane = await startControlPlane();
  const { folder, kubeconfig, server, ca, token } = plane;
  project.provide("controlPlane", { folder, kubeconfig, server, ca, token });
}

export async function teardown(): Promise<void> {
  await plane?.[Symbol.asyncDispose]();
}
