import { Receiver } from "./receiver";
import { expect, expectAccessible, keepPicture, scene, test } from "./site";

test.describe.configure({ mode: "serial" });

const PLAYBOOK = `form = 1
name = "Ours"

[[rules]]
name = "whatever it is"
when = {}
must = [{ action = "siren", target = "yard-siren", seconds = 3 }]
`;

test("what the playbook wants done aloud is asked, approved in the console and done; meanwhile its camera sounds and is largest", async ({
  page,
  site,
  logIn,
}) => {
  test.setTimeout(240_000);
  const siren = await Receiver.start();
  const target = { id: "yard-siren", kind: "siren", name: "Yard siren", settings: { url: siren.url } };
  await site.ask(page.request, "POST", "/response-targets", target);
  const { version } = await site.ask<{ version: number }>(page.request, "GET", "/playbook");
  await site.ask(page.request, "PUT", "/playbook", { content: PLAYBOOK, note: "", expected_version: version });
  await site.ask(page.request, "POST", "/cameras", { name: "Court", source: scene(4, "none") });
  await site.ask(page.request, "POST", "/cameras", { name: "Yard", source: scene(5, "camera_covered"), learning_s: 15 });

  await logIn();
  const wall = await page.context().newPage();
  await wall.addInitScript(() => {
    const begin = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      document.documentElement.dataset.tones = String(Number(document.documentElement.dataset.tones ?? 0) + 1);
      begin.call(this, at);
    };
  });
  await wall.goto(`${site.url}/live`);
  const tones = async () => Number(await wall.locator("html").getAttribute("data-tones"));
  await wall.getByRole("button", { name: "Sound" }).click();
  expect(await tones()).toBe(2);
  await wall.getByRole("button", { name: "Enlarge events" }).click();
  const width = async (name: string) => (await wall.locator("[data-camera]", { hasText: name }).boundingBox())?.width ?? 0;
  await expect.poll(async () => (await width("Yard")) > 1.5 * (await width("Court")), { timeout: 120_000 }).toBe(true);
  await expect.poll(tones, { timeout: 60_000 }).toBeGreaterThan(3);
  await keepPicture(wall, "live-enlarged");
  await wall.close();

  await page.goto(`${site.url}/approvals`);
  const asked = page.getByRole("article", { name: "Sound the siren: Yard siren" }).last();
  await expect(asked).toBeVisible({ timeout: 60_000 });
  expect(siren.told).toEqual([]);
  await expectAccessible(page);
  await keepPicture(page, "approval-asked");
  await asked.getByRole("button", { name: "Approve" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Why (optional)").fill("I see them");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Approve" }).click();
  await expect.poll(() => siren.told).toMatchObject([{ action: "siren", target: "yard-siren", approved_by: ["kim"] }]);

  const { items } = await site.ask<{ items: { event_id: string; state: string }[] }>(page.request, "GET", "/approvals?open=false");
  await page.goto(`${site.url}/events/${items.find((each) => each.state === "approved")?.event_id}?show=all`);
  const done = page.getByRole("listitem").filter({ hasText: "Sound the siren: Yard siren" });
  await expect(done.getByText("Done")).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  await done.scrollIntoViewIfNeeded();
  await keepPicture(page, "approval-done");
  await siren.end();
});

test("another severity is tried on the past, where it would change something, and put in force", async ({ page, site, logIn }) => {
  await logIn();
  await page.goto(`${site.url}/rules/severity`);
  await expect(page.getByRole("listitem", { name: "Row 1", exact: true })).toContainText("Camera tampered with");
  await expect(page.getByText(/the severity of 0 would be another/)).toBeVisible();
  await page.getByRole("button", { name: "Add a row" }).click();
  const added = page.getByRole("listitem", { name: "Row 1", exact: true });
  await added.getByLabel("Severity").selectOption("critical");
  await added.getByLabel("Score, or higher").fill("0.3");
  await expect(page.getByText(/the severity of [1-9]\d* would be another/)).toBeVisible();
  await expect(page.getByText(/never reached/).first()).toBeVisible();
  await expectAccessible(page);
  await keepPicture(page, "severity");
  await page.getByRole("button", { name: "Delete row 2" }).click();
  await page.getByRole("button", { name: "Move row 1 down" }).click();
  // Somebody else was quicker: nothing is overwritten unseen, and what is there now is a click away.
  await site.ask(page.request, "PUT", "/severity-policy", { rows: [], otherwise: "high" });
  await page.getByRole("button", { name: "Put it in force" }).click();
  await expect(page.getByRole("alert")).toContainText("changed by somebody else");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Load again" }).click();
  await expect(page.getByLabel("An event that meets no row is")).toHaveValue("high");
  await page.getByRole("button", { name: "Add a row" }).click();
  await added.getByLabel("Severity").selectOption("critical");
  await added.getByLabel("Score, or higher").fill("0.3");
  await expect(page.getByText(/the severity of [1-9]\d* would be another/)).toBeVisible();
  await page.getByRole("button", { name: "Put it in force" }).click();
  await expect(page.getByText("The severities are in force")).toBeVisible();
  const { rows } = await site.ask<{ rows: { severity: string; least_score: number }[] }>(page.request, "GET", "/severity-policy");
  expect(rows[0]).toMatchObject({ severity: "critical", least_score: 0.3 });
});
