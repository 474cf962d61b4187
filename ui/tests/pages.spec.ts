import { gzipSync } from "node:zlib";
import { expect, expectAccessible, expectSettled, keepPicture, scene, test } from "./site";

const MOST_KB = 250;

/** Name -> address, of what an admin can open; `CAMERA` stands for one. */
const PAGES = {
  live: "live",
  events: "events?show=all",
  approvals: "approvals",
  assistant: "assistant",
  handover: "handover",
  statistics: "statistics",
  cameras: "cameras",
  "camera-new": "cameras/new",
  camera: "cameras/CAMERA",
  zones: "cameras/CAMERA/zones",
  schedule: "cameras/CAMERA/schedule",
  sensitivity: "cameras/CAMERA/sensitivity",
  settings: "cameras/CAMERA/settings",
  access: "cameras/CAMERA/access",
  rules: "rules",
  rule: "rules/new",
  channels: "rules/channels",
  deliveries: "rules/deliveries",
  severity: "rules/severity",
  playbook: "rules/playbook",
  people: "people",
  system: "system",
  configuration: "system/configuration",
  audit: "system/audit",
  account: "account",
};

for (const theme of ["dark", "light"] as const)
  test(`every page can be read by everybody, ${theme}`, async ({ page, site, logIn }) => {
    test.setTimeout(300_000);
    const { cameras } = await site.ask<{ cameras: { id: string }[] }>(page.request, "GET", "/cameras");
    const camera =
      cameras[0]?.id ??
      (await site.ask<{ id: string }>(page.request, "POST", "/cameras", { name: "Terrace", source: scene(4, "none") })).id;
    await logIn();
    await page.addInitScript(
      (look) => localStorage.setItem("haetae.preferences", JSON.stringify({ theme: look, density: "comfortable", sound: false })),
      theme,
    );
    for (const [name, path] of Object.entries(PAGES)) {
      await test.step(name, async () => {
        await page.goto(`${site.url}/${path.replace("CAMERA", camera)}`);
        await expectSettled(page);
        await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
        await expectAccessible(page);
        await keepPicture(page, `${name}-${theme}`);
      });
    }
  });

test("how the site goes is drawn as it goes", async ({ page, site, logIn }) => {
  await logIn();
  await page.goto(`${site.url}/system`);
  const chart = page.getByRole("figure").filter({ hasText: "Memory" });
  await expect(chart.locator("canvas")).toBeVisible({ timeout: 40_000 });
  await expect(chart).toContainText("MB");
  await expectAccessible(page);
  await chart.scrollIntoViewIfNeeded();
  await keepPicture(page, "system-charts");
});

test("the first page is small: what it needs of scripts fits through a slow line", async ({ page, site, logIn }) => {
  await site.ask(page.request, "GET", "/cameras");
  await logIn();
  const scripts = new Map<string, number>();
  page.on("response", (response) => {
    if (!/\.js$/.test(new URL(response.url()).pathname)) return;
    void response.body().then(
      (body) => scripts.set(response.url(), gzipSync(body).length),
      () => undefined,
    );
  });
  await page.goto(`${site.url}/live`);
  await expectSettled(page);
  await expect.poll(() => scripts.size).toBeGreaterThan(1);
  const kilobytes = [...scripts.values()].reduce((sum, size) => sum + size, 0) / 1000;
  test.info().annotations.push({ type: "first page", description: `${kilobytes.toFixed(0)} kB of scripts, compressed` });
  console.log(`The first page takes ${kilobytes.toFixed(0)} kB of scripts, compressed.`);
  expect(kilobytes).toBeLessThan(MOST_KB);
});
