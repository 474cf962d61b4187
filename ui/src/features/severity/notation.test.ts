import { describe, expect, it } from "vitest";
import { read, written } from "./notation";

describe("a schedule in one line", () => {
  it("is read as the site writes it: runs, lists, every day, an end of the day", () => {
    expect(read("mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul")).toEqual({
      time_zone: "Asia/Seoul",
      spans: [
        { days: ["mon", "tue", "wed", "thu", "fri"], start: "18:00", end: "08:00" },
        { days: ["sat", "sun"], start: "00:00", end: "24:00" },
      ],
    });
    expect(read("daily 22:00-06:00 @ UTC")?.spans[0]?.days).toHaveLength(7);
    expect(read("sat-mon 22:00-06:00 @ UTC")?.spans[0]?.days).toEqual(["sat", "sun", "mon"]);
  });

  it("is what it was after it was written", () => {
    for (const line of ["daily 22:00-06:00 @ UTC", "mon-wed,sat 08:00-17:30; sun 00:00-24:00 @ Europe/Berlin"]) {
      const schedule = read(line);
      expect(schedule && read(written(schedule))).toEqual(schedule);
    }
  });

  it("is nothing where it cannot be read", () => {
    for (const line of ["", "daily 22:00-06:00", "someday 22:00-06:00 @ UTC", "mon 22-06 @ UTC"]) expect(read(line)).toBeNull();
  });
});
