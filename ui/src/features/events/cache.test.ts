import { describe, expect, it } from "vitest";
import { type EventList, type EventPages, type EventRow, withHead } from "./cache";

const row = (id: string, review = "new") => ({ id, review }) as EventRow;
const page = (...items: EventRow[]): EventList => ({
  items,
  next_cursor: null,
  total: items.length,
  total_is_exact: true,
  has_meaning: false,
});
const pages = (...each: EventList[]): EventPages => ({ pages: each, pageParams: each.map(() => null) });
const ids = (data: EventPages | null) => data?.pages.map((each) => each.items.map(({ id }) => id));

describe("a newer first page", () => {
  it("puts what is new before what is there, which stays in its place", () => {
    const shown = pages(page(row("c"), row("b")), page(row("a")));
    expect(ids(withHead(shown, page(row("d"), row("c"), row("b"))))).toEqual([["d", "c", "b"], ["a"]]);
  });

  it("keeps rows that the filter would not show any more, until the list is loaded anew", () => {
    expect(ids(withHead(pages(page(row("c"), row("b"))), page(row("d"), row("b"))))).toEqual([["d", "c", "b"]]);
  });

  it("shows what became of the rows that are known", () => {
    const data = withHead(pages(page(row("a"))), page(row("a", "resolved")));
    expect(data?.pages[0]?.items[0]?.review).toBe("resolved");
  });

  it("is no help where nothing in it is known: there may be a gap", () => {
    expect(withHead(pages(page(row("a"))), page(row("y"), row("z")))).toBeNull();
    expect(ids(withHead(pages(page()), page(row("z"))))).toEqual([["z"]]);
  });
});
