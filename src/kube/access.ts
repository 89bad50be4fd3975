import type { Secret } from "../base/secret.ts";

/** What proves to the API server who we are, and to us who it is; certificates and keys are PEM. */
export type Credentials = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: Secret;
  /** The server's certificate is not checked: a kubeconfig asked for it. */
  readonly insecure?: boolean;
  /** Act as this user, as `as` in a kubeconfig asks. */
  readonly impersonate?: string;
};

/** How to reach an API server. */
export type KubeAccess = {
  /** `https://host:port`, without a slash at the end; a path before the API's and plain http are possible. */
  readonly server: string;
  /** The name in the server's certificate, where it is not the host's. */
  readonly tlsServerName?: string;
  /** An HTTP proxy between us and the server. */
  readonly proxy?: string;
  /**
   * Asked before each request, so that tokens and certificates may change at any time; again with `areRefused` when the
   * API server did not take them, so that they are looked up anew.
   */
  readonly credentials: (areRefused?: boolean) => Promise<Credentials>;
};
