/** A store of conversations in memory that copies each of them: what the units are tried with. */
import type { ConversationStore, Turn } from "../../src/stores/conversations.ts";

export interface Shelf extends ConversationStore {
  /** What was kept, in order. */
  readonly turns: readonly Turn[];
}

export function shelf(): Shelf {
  const turns: Turn[] = [];
  const turnOf = (team: string, id: string): Turn | undefined =>
    team === "team" ? turns.findLast((turn) => turn.id === id) : undefined;

  function asked(team: string, { previous, input }: Turn): string[] {
    const before = previous === undefined ? undefined : turnOf(team, previous);
    const history = before === undefined ? [] : [...asked(team, before), ...before.output.map(({ json }) => json)];
    return [...history, ...input.map(({ json }) => json)];
  }

  return {
    turns,
    async history(team, response) {
      const turn = turnOf(team, response);
      return turn && { home: "7", items: [...asked(team, turn), ...turn.output.map(({ json }) => json)] };
    },
    async items(team, ids) {
      const all = team === "team" ? turns.flatMap(({ output }) => output) : [];
      const found = all.filter(({ id }) => id !== undefined && ids.includes(id));
      return new Map(found.map(({ id = "", json }) => [id, { home: "7", json }]));
    },
    async keep(_team, turn) {
      turns.push(turn);
      return true;
    },
    async response(team, id) {
      const turn = turnOf(team, id);
      return turn && { body: turn.body, output: turn.output.map(({ json }) => json) };
    },
    async inputItems(team, id, { order, limit }) {
      const turn = turnOf(team, id);
      const items = turn && asked(team, turn).map((json, place) => ({ id: `item_${place}`, json }));
      if (items === undefined) return undefined;
      const ordered = order === "asc" ? items : items.toReversed();
      return { items: ordered.slice(0, limit), hasMore: ordered.length > limit };
    },
    async delete(team, id) {
      const turn = turnOf(team, id);
      if (turn !== undefined) turns.splice(turns.indexOf(turn), 1);
      return turn !== undefined;
    },
    async erase(team) {
      if (team === "team") turns.length = 0;
    },
  };
}
