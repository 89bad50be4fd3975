/** A test by the place and the name that a person finds it with. */
export type TestRef = {
  /** From the root of the repository. */
  readonly file: string;
  /** As it is written in the file, or a part that no other test there has. */
  readonly name: string;
};

/** A change of the code that brings a mistake back. */
export type Break = {
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
};

/** Something that the original does badly, what we do instead, and what proves it. */
export type WeakPoint = {
  readonly id: string;
  readonly original: string;
  readonly ours: string;
  readonly tests: readonly TestRef[];
  /** With it, the first of the tests fails. */
  readonly breakage: Break;
};
