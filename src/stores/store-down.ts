/** The store cannot be reached, or does not answer: nothing is known of what it holds. */
export class StoreDown extends Error {
  override readonly name = "StoreDown";

  constructor(cause: unknown) {
    super("the store cannot be reached", { cause });
  }
}
