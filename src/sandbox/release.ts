/** The Kubernetes release whose behaviour is imitated. */
export const RELEASE = "v1.34.4+sandbox";
