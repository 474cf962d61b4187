import { describe, expect, it } from "vitest";
import { takeMessages } from "./stream";

describe("a stream of messages", () => {
  it("is read as far as it is whole", () => {
    const { messages, rest } = takeMessages('event: text\ndata: {"type":"text","text":"a"}\n\nevent: text\ndata: {"type":"te');
    expect(messages).toEqual([{ type: "text", text: "a" }]);
    expect(takeMessages(`${rest}xt","text":"b"}\n\n`)).toEqual({ messages: [{ type: "text", text: "b" }], rest: "" });
  });

  it("says nothing where the server only shows that it is still there", () => {
    expect(takeMessages(": still at it\n\n")).toEqual({ messages: [], rest: "" });
  });
});
