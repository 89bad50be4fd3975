/** How long the stand-in of the metadata service takes for a token. */
export const IMDS_MS = 10;

export const TOKEN_LIFE_SECONDS = 86_400;

/** As long as real ones, and told apart by what stands before the full stop. */
export function accessTokenOf(clientId: string): string {
  return `${clientId}.${"t".repeat(1_200)}`;
}

/** What the metadata service was asked since the last look. */
export type ImdsTally = {
  readonly calls: number;
  readonly mostAtOnce: number;
  /** Begun within any second; not counted where there were thousands. */
  readonly mostASecond: number;
};
