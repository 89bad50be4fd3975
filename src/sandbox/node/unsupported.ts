/** A pod asks for something that the stand-in kubelet does not do; `reason` is what its status says, as kubelets do. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
  readonly reason: "ErrImagePull" | "CreateContainerConfigError";

  constructor(reason: UnsupportedError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Something that a container needs is not there, or not yet: it is looked for again. */
export class NotYetError extends Error {
  override readonly name = "NotYetError";
  readonly reason = "CreateContainerConfigError";
  /** The one that cannot be made without it. */
  readonly volume: string | undefined;

  constructor(message: string, volume?: string) {
    super(message);
    this.volume = volume;
  }
}
