import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { PASSWORD, ServedSite } from "../tests/process";

const TILES = 16;
const EVENTS = 10_000;
const WATCHED_MS = 20_000;
const measured: Record<string, unknown> = {};

test.afterAll(() => writeFileSync(resolve(import.meta.dirname, "../test-results/measured.json"), JSON.stringify(measured, null, 2)));

async function open(browser: Browser, site: ServedSite): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  const data = { username: "kim", password: PASSWORD, cookie: true };
  const answer = await page.request.post(`${site.url}/api/v1/auth/login`, { data, headers: { "X-Haetae-CSRF": "1" } });
  expect(answer.ok()).toBe(true);
  return page;
}

type Played = { time: number; total: number; dropped: number };

/** Of each video: how far it has played, and how many of its pictures came and were not shown. */
const played = (page: Page, selector: string): Promise<Played[]> =>
  page.locator(selector).evaluateAll((videos: HTMLVideoElement[]) =>
    videos.map((video) => {
      const quality = video.getVideoPlaybackQuality();
      return { time: video.currentTime, total: quality.totalVideoFrames, dropped: quality.droppedVideoFrames };
    }),
  );

/** What came of so many videos in a time; one that began anew meanwhile counts from there. */
async function watch(page: Page, selector: string) {
  const before = await played(page, selector);
  const frames = await framesFor(page, WATCHED_MS);
  const after = await played(page, selector);
  const grown = (name: keyof Played) => after.reduce((sum, now, index) => sum + grownBy(now[name], before[index]?.[name] ?? 0), 0);
  const [total, lost] = [grown("total"), grown("dropped")];
  return { videos: after.length, frames: total, dropped: lost, dropped_share: round(lost / Math.max(1, total)), ...frames };
}

const grownBy = (now: number, before: number) => (now >= before ? now - before : now);
const round = (share: number) => Math.round(1000 * share) / 1000;

test("sixteen tiles play, beside sixteen videos without a console", async ({ browser }) => {
  let video = "";
  const site = await ServedSite.start("tests.support.measure_site", [String(TILES), "0"], (said) => {
    video = said.video ?? video;
  });
  try {
    const bare = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
    await bare.route("**/*", (route) =>
      route.request().url().endsWith("/street.mp4")
        ? route.fulfill({ body: readFileSync(video), contentType: "video/mp4" })
        : route.fulfill({ body: bareWall(TILES), contentType: "text/html" }),
    );
    await bare.goto("http://bare.invalid/");
    await expect.poll(async () => (await played(bare, "video")).filter((each) => each.time > 0).length).toBe(TILES);
    measured.bare = await watch(bare, "video");
    await bare.close();

    const page = await open(browser, site);
    let connections = 0;
    page.on("websocket", (socket) => {
      if (socket.url().includes("/live")) connections += 1;
    });
    await page.goto(`${site.url}/live`);
    await page.getByRole("radio", { name: "16" }).check({ force: true });
    await expect(page.locator("video[data-live]")).toHaveCount(TILES, { timeout: 120_000 });
    const cpu = await cpuOf(page);
    const read = await framesRead(page, site);
    const live = await watch(page, "video");
    // What the site itself got from its cameras is all that a page can show.
    measured.live = { read_by_the_site: (await framesRead(page, site)) - read, ...live, cpu_ms_per_frame: await cpu(live.frames_drawn) };
    measured.connections = connections;
    expect(await page.locator("video[data-live]").count()).toBe(TILES);
  } finally {
    await site.end();
  }
});

async function framesRead(page: Page, site: ServedSite): Promise<number> {
  const login = await page.request.post(`${site.url}/api/v1/auth/login`, { data: { username: "kim", password: PASSWORD, cookie: false } });
  const headers = { Authorization: `Bearer ${((await login.json()) as { access_token: string }).access_token}` };
  const answer = await page.request.get(`${site.url}/api/v1/cameras`, { headers });
  const { cameras } = (await answer.json()) as { cameras: { status: { frames: { read: number } } }[] };
  return cameras.reduce((sum, camera) => sum + camera.status.frames.read, 0);
}

/** The same pictures as often and as large, with nothing of ours. */
const bareWall = (count: number) =>
  `<body style="margin:0;display:grid;grid-template-columns:repeat(4,25vw)">${'<video src="/street.mp4" muted autoplay loop style="width:25vw"></video>'.repeat(count)}`;

test("a list of ten thousand events scrolls, and how smoothly", async ({ browser }) => {
  const site = await ServedSite.start("tests.support.measure_site", ["1", String(EVENTS)]);
  try {
    const page = await open(browser, site);
    const began = Date.now();
    await page.goto(`${site.url}/events?show=all`);
    await expect(page.locator("[data-event]").first()).toBeVisible();
    const first_ms = Date.now() - began;
    const scroll = page.getByRole("region", { name: "Events" });
    const cpu = await cpuOf(page);
    const scrolled = framesFor(page, WATCHED_MS);
    await scroll.evaluate(async (element, until) => {
      const end = performance.now() + until;
      // As a wheel turned fast: 3,000 pixels a second.
      for (let last = performance.now(); performance.now() < end; ) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        element.scrollTop += 3 * (now - last);
        last = now;
      }
    }, WATCHED_MS);
    const rows = await page.locator("[data-event]").count();
    const frames = await scrolled;
    // What a frame costs is the page's own, however busy the machine is with other things.
    measured.list = {
      events: EVENTS,
      first_row_ms: first_ms,
      rows_in_page: rows,
      cpu_ms_per_frame: await cpu(frames.frames_drawn),
      ...frames,
    };
    expect(rows).toBeLessThan(100);
  } finally {
    await site.end();
  }
});

/** CPU time that the page's main thread takes from here on, by frame. */
async function cpuOf(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await read();
  return async (frames: number) => {
    const after = await read();
    const each = (name: string) => Math.round((1e5 * ((after[name] ?? 0) - (before[name] ?? 0))) / frames) / 100;
    return {
      all: each("TaskDuration"),
      script: each("ScriptDuration"),
      style: each("RecalcStyleDuration"),
      layout: each("LayoutDuration"),
    };
  };
}

/** Frame times and long tasks of the page for so long. */
function framesFor(page: Page, ms: number) {
  return page.evaluate(async (until) => {
    const tasks: number[] = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ type: "longtask" });
    const times: number[] = [];
    const end = performance.now() + until;
    for (let last = performance.now(); performance.now() < end; ) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - last);
      last = now;
    }
    observer.disconnect();
    times.sort((one, other) => one - other);
    const at = (share: number) => Math.round(10 * (times[Math.floor(share * (times.length - 1))] ?? 0)) / 10;
    return {
      frames_drawn: times.length,
      frame_ms: { median: at(0.5), p95: at(0.95), p99: at(0.99), worst: at(1) },
      frames_over_34ms_share: Math.round((1000 * times.filter((time) => time > 34).length) / times.length) / 1000,
      long_tasks: tasks.length,
      longest_task_ms: Math.round(Math.max(0, ...tasks)),
    };
  }, ms);
}
