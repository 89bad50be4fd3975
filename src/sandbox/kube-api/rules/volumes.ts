import { type JsonObject, textOr } from "../json.ts";
import { duplicate, type FieldError, notThere, required, wrong } from "../status.ts";
import { labelErrors } from "./names.ts";
import { belowErrors, sourceErrors } from "./volume-sources.ts";

/** What is wrong with a pod's volumes, and the names of those that are right: no other can be mounted. */
export function volumesErrors(volumes: readonly JsonObject[], path: string) {
  const names: string[] = [];
  const errors = volumes.flatMap((volume, i) => {
    const name = textOr(volume.name);
    const field = `${path}[${i}].name`;
    const found = [
      ...sourceErrors(volume, `${path}[${i}]`),
      ...(name === "" ? [required(field)] : labelErrors(field, name)),
      ...(names.includes(name) ? [duplicate(field, name)] : []),
    ];
    if (found.length === 0) names.push(name);
    return found;
  });
  return { names, errors };
}

/** What is wrong with what a container mounts of the volumes. */
export function mountsErrors(mounts: readonly JsonObject[], volumes: readonly string[], path: string): FieldError[] {
  const places = mounts.map(({ mountPath }) => textOr(mountPath));
  return mounts.flatMap(({ name, subPath, subPathExpr }, i) => {
    const volume = textOr(name);
    const place = places[i] ?? "";
    const isTaken = places.indexOf(place) < i;
    return [
      ...(volume === "" ? [required(`${path}[${i}].name`)] : []),
      ...(volumes.includes(volume) ? [] : [notThere(`${path}[${i}].name`, volume)]),
      ...(place === "" ? [required(`${path}[${i}].mountPath`)] : []),
      ...(isTaken ? [wrong(`${path}[${i}].mountPath`, place, "must be unique")] : []),
      ...belowErrors(textOr(subPath), `${path}.subPath`),
      ...belowErrors(textOr(subPathExpr), `${path}.subPathExpr`),
    ];
  });
}
