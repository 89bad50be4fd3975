import { readFile } from "node:fs/promises";
import { type Audit, type AuditedCall, readAudit } from "../../support/kube/audit-log.ts";
import { auditLogOf } from "../../support/kube/control-plane.ts";
import { accountGrants, grantText, isUseOf } from "../../support/kube/rbac.ts";
import { type Span, startsIn } from "./cluster.ts";
import { takenAway } from "./taken-away.ts";

/** A refusal that a test provokes, or that nobody can prevent. */
type Expected = {
  readonly account: string;
  /** Of the line that tells of it. */
  readonly text: RegExp;
  readonly why: string;
};

const expectedRefusals: readonly Expected[] = [
  {
    account: "kube-system/aad-pod-identity-mic",
    text: /: create events .*because it is being terminated/,
    why: "A test deletes its namespace as soon as its pods have lost their identities, of which MIC may still tell.",
  },
];

/** How those that ran in the cluster used their permissions. */
type Verdict = {
  /** What pods, and accounts that were permitted anything, were refused; with how often. */
  readonly refused: readonly string[];
  /** What an account was permitted at some time, and never did. */
  readonly unused: readonly string[];
  readonly summary: string;
};

/** Of all that happened in a cluster so far. */
export async function permissionsIn({ folder }: { readonly folder: string }): Promise<Verdict> {
  const audit = readAudit(await readFile(auditLogOf(folder), "utf8"));
  return judge(audit, expectedRefusals, await startsIn(folder));
}

/** @param starts when the API server was starting, and refused everybody what it had not read the roles for yet */
export function judge(
  { calls, permissions }: Audit,
  expected: readonly Expected[] = [],
  starts: readonly Span[] = [],
): Verdict {
  const grants = accountGrants(permissions.map(({ object }) => object));
  const accounts = new Set(grants.map(({ account }) => account));
  const ours = calls.filter(({ user, pod }) => pod !== "" || accounts.has(user));
  const isTaken = takenAway(permissions);
  const isKnown = (call: AuditedCall) =>
    isTaken(call) || starts.some((span) => isIn(call, span)) || expected.some((one) => isExpected(call, one));
  const refused = ours.filter((call) => call.isForbidden && !isKnown(call));
  const used = ours.filter(({ isForbidden }) => !isForbidden);
  const unused = grants.filter((grant) => !used.some((call) => call.user === grant.account && isUseOf(call, grant)));
  return {
    refused: counted(refused.map(callText)),
    unused: unused.map((grant) => `${shortName(grant.account)}: ${grantText(grant)}`),
    summary: `${accounts.size} accounts, ${grants.length} permissions, ${ours.length} calls`,
  };
}

const isIn = ({ at }: AuditedCall, { from, to }: Span) => from <= at && at <= to;

function isExpected(call: AuditedCall, { account, text }: Expected): boolean {
  return shortName(call.user) === account && text.test(callText(call));
}

function callText({ user, name, message, ...call }: AuditedCall): string {
  const asked = grantText({ ...call, names: name === "" ? undefined : [name] });
  return `${shortName(user)}: ${asked}${message && ` (${message})`}`;
}

/** `kube-system/aad-pod-identity-mic` */
const shortName = (user: string) => user.replace("system:serviceaccount:", "").replace(":", "/");

const counted = (texts: readonly string[]) =>
  [...Map.groupBy(texts, (text) => text)].map(([text, all]) =>
    all.length > 1 ? `${text}, ${all.length} times` : text,
  );
