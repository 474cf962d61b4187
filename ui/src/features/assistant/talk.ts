import { useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { getSession, onSession } from "@/api/session";
import { ask } from "./stream";

export type Citation = Schemas["AssistantCitation"];
type Answer = {
  text: string;
  looked: Schemas["AssistantTool"][];
  citations: Citation[];
  done: Schemas["AssistantDone"] | null;
  problem: unknown;
  going: boolean;
};
export type Exchange = { id: number; question: string; answer: Answer };

const MOST_TURNS = 12;
const MOST_TURN_LETTERS = 2000;

let talk: readonly Exchange[] = [];
let stop: AbortController | null = null;
const listeners = new Set<() => void>();

// Nothing that one person asked stays for the next.
onSession(() => {
  if (getSession().state === "out") forgetTalk();
});

function become(next: readonly Exchange[]) {
  talk = next;
  for (const listener of listeners) listener();
}

export const useTalk = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => talk,
  );

export function forgetTalk() {
  stop?.abort();
  become([]);
}

export const stopAnswer = () => stop?.abort();

/** Ask with what was said before; the answer grows in the talk. A question while one is answered ends that one. */
export async function say(question: string): Promise<void> {
  stop?.abort();
  const mine = new AbortController();
  stop = mine;
  const history = talk
    .filter(({ answer }) => answer.text)
    .flatMap((exchange) => [
      { said_by: "person" as const, text: exchange.question.slice(0, MOST_TURN_LETTERS) },
      { said_by: "assistant" as const, text: exchange.answer.text.slice(0, MOST_TURN_LETTERS) },
    ])
    .slice(-MOST_TURNS);
  const id = (talk.at(-1)?.id ?? 0) + 1;
  let answer: Answer = { text: "", looked: [], citations: [], done: null, problem: null, going: true };
  become([...talk, { id, question, answer }]);
  const grow = (change: Partial<Answer>) => {
    answer = { ...answer, ...change };
    become(talk.map((each) => (each.id === id ? { ...each, answer } : each)));
  };
  try {
    for await (const message of ask({ question, history }, mine.signal)) {
      if (message.type === "text") grow({ text: answer.text + message.text });
      else if (message.type === "tool") grow({ looked: [...answer.looked, message] });
      else if (message.type === "citation") grow({ citations: [...answer.citations, message] });
      else if (message.type === "done") grow({ done: message });
      else grow({ problem: message });
    }
  } catch (error) {
    if (!mine.signal.aborted) grow({ problem: error });
  } finally {
    grow({ going: false });
  }
}
