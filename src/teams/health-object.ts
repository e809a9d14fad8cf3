/**
 * The Durable Object through which the isolates of a deployment tell each other how the targets are: one, in memory, and
 * in no call's path.
 */
import { DurableObject } from "cloudflare:workers";
import { type HealthBoard, type Heard, healthBoard, type News, type Report } from "../policy/health-board.ts";

export class TargetHealth extends DurableObject {
  readonly #board: HealthBoard = healthBoard(crypto.randomUUID());

  exchange(isolate: string, reports: readonly Report[], heard: Heard, now: number): Promise<News> {
    return this.#board.exchange(isolate, reports, heard, now);
  }

  overview(now: number): Promise<readonly Report[]> {
    return this.#board.overview(now);
  }
}
