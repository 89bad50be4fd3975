/** What `podid` ends with, and why; each fault says which of these is its own. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: "All is done, or what runs until it is told to stop was told so, by Ctrl-C too.",
  1: "It did not work, as the sentence on standard error says; a step of the walkthrough did not hold.",
  2: "A flag, a word, a file or a cluster that was given cannot be used.",
  3: "The machine lacks something that podid needs.",
  70: "A defect of ours: please report it.",
  130: "The walkthrough was stopped before its end.",
};
