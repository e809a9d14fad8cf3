/** How losses on a call's way are told: noted for the caller, or refused where it wants none. Pure. */
import { unsupported } from "../fault.ts";
import type { Lose, Loss } from "./request.ts";

/** Notes each loss at the end of `losses`, its field in the words of `path`. With `strict` it throws the refusal. */
export function loser(strict: boolean, losses: Loss[], path: (field: string) => string = (field) => field): Lose {
  return (field, change = "dropped") => {
    if (strict) throw unsupported(path(field), `cannot cross as it is (${change}).`);
    losses.push({ field: path(field), change });
  };
}
