import { existsSync } from "node:fs";
import { createLog } from "../src/base/log.ts";
import { KubeClient } from "../src/kube/client.ts";
import { accessTo, missing, startControlPlane } from "../test/support/kube/control-plane.ts";
import { installCrds, type Size } from "./bench-cluster.ts";
import { rotated, shown } from "./figures.ts";
import { type MicProgram, originals, ours } from "./mic-program.ts";
import { type MicResults, micAnswer } from "./mic-report.ts";
import { runScale } from "./mic-scale.ts";
import { PATCH_MS, runWave } from "./mic-wave.ts";
import type { Answer, Asked } from "./question.ts";

const full = {
  size: { pods: 300, identities: 10, vms: 10, scaleSets: 2, instances: 10 },
  scale: { pods: 50_000, scaleSets: 50, instances: 100, identities: 100, identitiesASet: 10 },
  events: 24,
};
const small = {
  size: { ...full.size, pods: 60 },
  scale: { ...full.scale, pods: 2_000, scaleSets: 2 },
  events: 6,
};

/**
 * How fast MIC follows pods that come and go on a real API server, side by side with the original where there is one,
 * and what it needs in a large cluster.
 */
export async function micQuestion(asked: Asked): Promise<Answer> {
  const { size, scale, events } = asked.quick ? small : full;
  const programs = [ours, ...peers(asked)];
  const waves = await runWaves(programs, size, asked);
  asked.say(`a cluster of ${scale.pods} pods`);
  const large = await runScale(ours, { scale, events }, asked.signal);
  return micAnswer({ waves, scale: large, machines: size.vms + size.scaleSets, case: inWords(size) });
}

/** @throws Error when the original is named and is not there */
function peers({ env, say }: Asked): readonly MicProgram[] {
  const file = env.PEER_MIC ?? "";
  if (file === "") say("PEER_MIC names no binary of the original: measuring alone");
  else if (!existsSync(file)) throw new Error(`there is no ${file}: correct PEER_MIC, or leave it out`);
  return file === "" ? [] : originals(file);
}

async function runWaves(
  programs: readonly MicProgram[],
  size: Size,
  { rounds, signal, say }: Asked,
): Promise<MicResults["waves"]> {
  const lack = missing();
  if (lack !== undefined) throw new Error(lack);
  await using plane = await startControlPlane();
  await using client = new KubeClient(accessTo(plane), { userAgent: "bench", log: createLog({ write: () => {} }) });
  await installCrds(client, signal);
  const waves: MicResults["waves"][number][] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const program of rotated(programs, round - 1)) {
      const namespace = `bench-${waves.length}`;
      const wave = await runWave(program, { client, kubeconfig: plane.kubeconfig, namespace, size }, signal);
      waves.push({ ...wave, round });
      const seconds = [wave.come, wave.go].map(({ doneMs }) => shown(doneMs / 1_000));
      say(`round ${round} of ${rounds}, ${program.name}: ${seconds.join(" s until all Assigned, ")} s until all gone`);
    }
  }
  return waves;
}

function inWords({ pods, identities, vms, scaleSets, instances }: Size): string {
  const machines = `${vms} VMs and ${scaleSets} scale sets of ${instances}`;
  return `${pods} pods with ${identities} identities on ${machines}; Azure takes ${PATCH_MS / 1_000} s for a change. A real API server, etcd beside it.`;
}
