/** A test by the place and the name that a person finds it with. */
type TestRef = {
  /** From the root of the repository. */
  readonly file: string;
  /** As it is written in the file, or a part that no other test there has. */
  readonly name: string;
};

/** Something that the original's own tests do, or forget, and where we prove it or why it does not apply. */
export type Scenario = {
  readonly id: string;
  readonly scenario: string;
} & ({ readonly tests: readonly TestRef[] } | { readonly instead: string });
