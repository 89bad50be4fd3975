import type { Fault } from "../base/fault.ts";
import type { IdentityPatch, IdentityWish } from "./identity-patch.ts";

/** A part of a wish for a machine, and how often more than it was refused. */
export type Part = IdentityWish & { readonly tries: number };

/** The part of a part that a PATCH holds; one that names no identities takes all off. */
export function partIn({ userAssignedIdentities }: IdentityPatch, { detach, tries }: Part): Part {
  if (userAssignedIdentities === undefined) return { attach: [], detach, tries };
  const entries = Object.entries(userAssignedIdentities);
  const ids = (isOff: boolean) => entries.flatMap(([id, value]) => ((value === null) === isOff ? [id] : []));
  return { attach: ids(false), detach: ids(true), tries };
}

/** What is left of a part when these are left out. */
export function without({ attach, detach, tries }: Part, ids: readonly string[]): Part {
  const isLeft = (id: string) => !ids.includes(id);
  return { attach: attach.filter(isLeft), detach: detach.filter(isLeft), tries };
}

/**
 * Detaches by themselves, so that no attach holds them up, and attaches in two halves, or in those that Azure has taken
 * before and the others.
 */
export function halves({ attach, detach, tries }: Part, isTaken: (id: string) => boolean): readonly Part[] {
  const taken = attach.filter(isTaken);
  const others = attach.filter((id) => !isTaken(id));
  const on = taken.length > 0 && others.length > 0 ? [taken, others] : half(attach);
  const off = attach.length === 0 ? half(detach) : [detach];
  const parts = [...off.map((ids) => ({ attach: [], detach: ids })), ...on.map((ids) => ({ attach: ids, detach: [] }))];
  return parts.filter((part) => part.attach.length + part.detach.length > 0).map((part) => ({ ...part, tries }));
}

function half(ids: readonly string[]): readonly (readonly string[])[] {
  const middle = Math.ceil(ids.length / 2);
  return [ids.slice(0, middle), ids.slice(middle)];
}

/** Azure blames no identity for what it does not know when none is to be put on. */
export function isAboutIdentities({ code }: Fault, { attach }: Part): boolean {
  return code === "ARM_IDENTITY_REFUSED" || (code === "ARM_CHANGE_REFUSED" && attach.length > 0);
}
