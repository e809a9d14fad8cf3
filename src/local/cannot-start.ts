/** A reason not to go on that one sentence tells: it is printed without a stack, and the exit code is 1. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}
