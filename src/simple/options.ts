import { type ConfigOf, text } from "../base/options.ts";

/** Every setting of the listing tool. */
export const simpleOptions = {
  kubeconfig: text({
    flag: "kubeconfig",
    fallback: "",
    help: "Path of a kubeconfig; without one the pod's service account is used.",
  }),
};

export type SimpleConfig = ConfigOf<typeof simpleOptions>;
