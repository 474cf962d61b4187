import { expect, expectAccessible, expectSettled, keepPicture, scene, test } from "./site";

test.describe.configure({ mode: "serial" });

test("the assistant answers from the records, without a model, and says on which events its answer rests", async ({
  page,
  site,
  logIn,
}) => {
  const { cameras } = await site.ask<{ cameras: { id: string }[] }>(page.request, "GET", "/cameras");
  if (cameras.length === 0) await site.ask(page.request, "POST", "/cameras", { name: "Court", source: scene(4, "none") });
  await site.ask(page.request, "POST", "/cameras", { name: "Attic", source: "rtsp://127.0.0.1:9/nothing", offline_alert_s: 1 });
  await expect
    .poll(async () => (await site.ask<{ total: number }>(page.request, "GET", "/events?kind=system")).total, { timeout: 60_000 })
    .toBeGreaterThan(0);
  await logIn();
  await page.goto(`${site.url}/assistant`);
  await expect(page.getByText("No language model is configured")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("textbox", { name: "Ask about events" }).fill("Show the events that nobody has acknowledged");
  await page.keyboard.press("Enter");
  const answer = page.getByRole("article", { name: "Show the events that nobody has acknowledged" });
  await expect(answer.getByText("Answered from the records, without a model")).toBeVisible();
  await expect(answer.getByText("Camera offline").first()).toBeVisible();
  await expectAccessible(page);
  await keepPicture(page, "assistant");
  await answer.getByRole("list", { name: "Events that the answer rests on" }).getByRole("link").first().click();
  await expect(page).toHaveURL(/\/events\/[0-9a-f-]{36}/);
  await page.goBack();
  await expect(answer).toBeVisible();
  await page.getByRole("textbox", { name: "Ask about events" }).fill("What is the meaning of life?");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article", { name: "What is the meaning of life?" }).getByRole("button").first()).toBeVisible();
});

test("a shift is handed over with numbers that are counted", async ({ page, site, logIn }) => {
  await logIn();
  await page.goto(`${site.url}/handover`);
  await expectSettled(page);
  const { total } = await site.ask<{ total: number }>(page.request, "GET", "/reports/shift");
  await expect(page.locator("dl").first()).toContainText(String(total));
  await expect(page.getByRole("heading", { name: "What mattered most" })).toBeVisible();
  await expectAccessible(page);
  await keepPicture(page, "handover");
  await page.getByRole("radio", { name: "24 hours" }).check({ force: true });
  await expect(page).toHaveURL(/hours=24/);
  await page.getByRole("button", { name: "Summarise" }).click();
  await expect(page.getByText(/no language model/i)).toBeVisible();
});

test("a playbook's fault is told at its line; mended, it is tried on the past and put in force", async ({ page, site, logIn }) => {
  await logIn();
  await page.goto(`${site.url}/rules/playbook`);
  const text = page.getByRole("textbox", { name: "Text of the playbook" });
  await expect(text).toBeVisible();
  await text.fill('form = 1\nname = "Ours"\n\n[[rules]]\nname = "all"\nwhen = {}\nmust = ["bookmark_clips"]\n');
  await expect(page.getByRole("button", { name: /Line 7/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Put it in force" })).toBeDisabled();
  await expectAccessible(page);
  await keepPicture(page, "playbook-fault");
  await text.fill('form = 1\nname = "Ours"\n\n[[rules]]\nname = "all"\nwhen = {}\nmust = ["bookmark_clip"]\n');
  await expect(page.getByText("Nothing is to be said against it.")).toBeVisible();
  await page.getByRole("button", { name: "Try on past events" }).click();
  await expect(page.getByRole("heading", { name: "What it would have planned" })).toBeVisible();
  await page.getByLabel("Why it is changed").fill("Less is enough");
  await page.getByRole("button", { name: "Put it in force" }).click();
  await expect(page.getByText("Version 1 is in force", { exact: false })).toBeVisible();
  await expect(page.getByText("kim: Less is enough")).toBeVisible();
  await page.getByRole("button", { name: "What it changed" }).click();
  await expect(page.getByRole("region", { name: "What it changes" })).toContainText("bookmark_clip");
  await expectAccessible(page);
  await keepPicture(page, "playbook");
});
