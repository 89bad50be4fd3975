/** How Node runs a program: limits of its heap in MB, and whether compilers have threads. */
type Heap = {
  readonly old: number;
  readonly young: number;
  /** Whether the young generation begins with the size to which it may grow. */
  readonly isFullSizeAtOnce?: boolean;
  readonly compilers?: "no threads";
};

/**
 * The programs, each of which runs as this table says wherever it is started: by bin/<program>, and in its image. A small
 * young generation keeps a program small; MIC's plans make a lot that dies at once, of
 * which most would be copied on: a plan of 50,000 pods was measured to take 250 ms of processor time with 1 MB, 190 ms
 * with 4 and 140 ms with 16. 8 lies between, for the sake of memory. NMI under load takes 50 us of processor time for a
 * request with 1 MB, and 40 with 2, for 2 MB more in all; with 2 from the beginning it starts 3 % sooner.
 *
 * Threads of V8's compilers keep the memory that they took. Without them NMI under load has 28 MB of its own in place of
 * 49, and is no slower.
 */
const heaps = {
  mic: { old: 768, young: 8 },
  nmi: { old: 256, young: 2, isFullSizeAtOnce: true, compilers: "no threads" },
  demo: { old: 64, young: 1 },
  identityvalidator: { old: 64, young: 1 },
  simple: undefined,
  podid: undefined,
} as const satisfies Record<string, Heap | undefined>;

export type Program = keyof typeof heaps;

export const programs = Object.keys(heaps) as readonly Program[];

/** Whether the program runs on nodes, where its memory is somebody's. */
export function isSmall(program: Program): boolean {
  return heaps[program] !== undefined;
}

/** What Node is started with, before the program's file. */
export function nodeFlags(program: Program): readonly string[] {
  const heap: Heap | undefined = heaps[program];
  if (heap === undefined) return [];
  return [
    ...(heap.isFullSizeAtOnce ? [`--min-semi-space-size=${heap.young}`] : []),
    `--max-semi-space-size=${heap.young}`,
    `--max-old-space-size=${heap.old}`,
    ...(heap.compilers === undefined ? [] : ["--no-concurrent-recompilation"]),
  ];
}
