import { authorised, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";

export type Message = Schemas["AssistantMessage"];
type Question = Schemas["QuestionInput"];

/** The messages of an answer as they come; throws ApiError. Ends early when `signal` says so. */
export async function* ask(question: Question, signal: AbortSignal): AsyncGenerator<Message> {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const request = new Request("/api/v1/assistant", { method: "POST", headers, body: JSON.stringify(question), signal });
  const response = await authorised(request);
  if (!response.ok || !response.body) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parsed = takeMessages(rest + value);
      rest = parsed.rest;
      yield* parsed.messages;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** What of a stream of server-sent events is whole, and what is left of it. Comments are dropped. */
export function takeMessages(text: string): { messages: Message[]; rest: string } {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const messages = blocks.flatMap((block) => {
    const data = block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).trimStart())
      .join("\n");
    return data ? [JSON.parse(data) as Message] : [];
  });
  return { messages, rest };
}
