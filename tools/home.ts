/** Where the project is. A fork sets both, then runs `npm run generate` and `node tools/manifests.ts`. */
export const PROJECT = "https://github.com/aad-pod-identity/aad-pod-identity";
/** Where releases publish images, and the chart below `charts`: the chart has its images from there. */
export const REGISTRY = "ghcr.io/aad-pod-identity";
