const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const ACCOUNT = new RegExp(`^${LABEL}/${LABEL}(?:\\.${LABEL})*$`);

/** What is wrong with the flag that names MIC's service account: one that others have too would let them past NMI. */
export function micAccountProblems(account: string): readonly string[] {
  if (account === "") return [];
  const flag = `--mic-service-account=${account}`;
  if (!ACCOUNT.test(account)) return [`${flag} names no service account: write <namespace>/<name>, or leave it out`];
  if (!account.endsWith("/default")) return [];
  return [`${flag} is the account of every pod there that names none: give MIC one of its own, and name that`];
}
