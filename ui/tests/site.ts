import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type APIRequestContext, test as base, expect, type Page } from "@playwright/test";
import { PASSWORD, ServedSite } from "./process";

const ROOT = resolve(import.meta.dirname, "../..");
export const PAGES = resolve(ROOT, "ui/test-results/pages");

type Mail = { to: string[]; subject: string };

/** A real `haetae serve` with a mail server beside it, which nobody has set up yet. */
export class Site {
  readonly mails: Mail[] = [];
  url = "";
  code = "";
  mailPort = 0;
  private token = "";
  private served: ServedSite | null = null;

  async start() {
    this.served = await ServedSite.start("tests.support.console_site", [], (said) => {
      if (said.mail) this.mails.push(said.mail);
      if (said.url) {
        this.url = said.url;
        this.code = said.code ?? "";
        this.mailPort = said.mail_port ?? 0;
      }
    });
  }

  end = () => this.served?.end();

  /** Ask the API as the admin, for what a test needs and does not test. */
  async ask<T>(request: APIRequestContext, method: string, path: string, data?: object): Promise<T> {
    const send = async () => {
      const headers = { Authorization: `Bearer ${await this.tokenOf(request)}`, "If-Match": "*" };
      return request.fetch(`${this.url}/api/v1${path}`, { method, data, headers });
    };
    let answer = await send();
    if (answer.status() === 401) {
      // A test ended every log-in of the admin.
      this.token = "";
      answer = await send();
    }
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? null : await answer.json()) as T;
  }

  private async tokenOf(request: APIRequestContext): Promise<string> {
    if (this.token) return this.token;
    const post = (way: string, data: object) => request.post(`${this.url}/api/v1/auth/${way}`, { data: { ...data, cookie: false } });
    const state = (await (await request.get(`${this.url}/api/v1/auth/state`)).json()) as { setup_needed: boolean };
    const kim = { username: "kim", password: PASSWORD };
    const tokens = state.setup_needed ? await post("setup", { code: this.code, ...kim }) : await post("login", kim);
    this.token = ((await tokens.json()) as { access_token: string }).access_token;
    return this.token;
  }
}

/** A scene in which somebody runs again and again, after twenty quiet seconds; small, for what a test watches costs a core. */
export const scene = (seed: number, incidents = "running") =>
  `sim://plaza?seed=${seed}&live=1&normal_s=20&fps=5&size=320x180&incidents=${incidents}`;

type Fixtures = { logIn: (username?: string) => Promise<void>; faults: string[] };

export const test = base.extend<Fixtures, { site: Site }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants to see what a fixture needs.
    async ({}, use) => {
      const site = new Site();
      await site.start();
      await use(site);
      await site.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  logIn: async ({ page, site }, use) => {
    await use(async (username = "kim") => {
      // Whichever test comes first has the site set up.
      await site.ask(page.request, "GET", "/auth/me");
      const data = { username, password: PASSWORD, cookie: true };
      const answer = await page.request.post(`${site.url}/api/v1/auth/login`, { data, headers: { "X-Haetae-CSRF": "1" } });
      expect(answer.ok()).toBe(true);
    });
  },
  /** What no page may do, whatever is tested: ask another host, break the site's policy, throw. */
  faults: [
    async ({ page, site }, use) => {
      const faults: string[] = [];
      page.on("request", (request) => {
        const { protocol, host } = new URL(request.url());
        if (/^(https?|wss?):$/.test(protocol) && host !== new URL(site.url).host) faults.push(`asked ${request.url()}`);
      });
      page.on("pageerror", (error) => faults.push(`threw ${error.message}`));
      page.on("console", (message) => {
        if (/Content.Security.Policy/i.test(message.text())) faults.push(message.text());
      });
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect, PASSWORD };

/** Nothing on the page keeps somebody out who does not see it or has no mouse. */
export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const found = violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")} ${node.failureSummary}`),
  );
  expect(found).toEqual([]);
}

/** Nothing on the page is still being loaded. */
export async function expectSettled(page: Page) {
  await expect(page.locator("h1, h2").first()).toBeAttached();
  await expect(page.locator(".animate-breathe, main .animate-spin")).toHaveCount(0);
}

export async function keepPicture(page: Page, name: string) {
  mkdirSync(PAGES, { recursive: true });
  await page.screenshot({ path: resolve(PAGES, `${name}.png`) });
}

/** A picture really moves: its time grows, and what is on it changes. */
export async function expectMoving(page: Page, camera: string) {
  const tile = page.locator(`[data-camera="${camera}"]`);
  await expect(tile).toHaveAttribute("data-live", "true", { timeout: 60_000 });
  const look = () =>
    tile.locator("video, img[data-live]").evaluate((picture: HTMLVideoElement | HTMLImageElement) => {
      const canvas = document.createElement("canvas");
      canvas.width = 64;
      canvas.height = 36;
      const context = canvas.getContext("2d");
      context?.drawImage(picture, 0, 0, 64, 36);
      const pixels = [...(context?.getImageData(0, 0, 64, 36).data ?? [])];
      return { time: picture instanceof HTMLVideoElement ? picture.currentTime : Number.NaN, pixels };
    });
  const before = await look();
  await expect(async () => {
    const after = await look();
    if (!Number.isNaN(before.time)) expect(after.time).toBeGreaterThan(before.time + 0.5);
    const changed = after.pixels.filter((value, index) => Math.abs(value - (before.pixels[index] ?? 0)) > 12).length;
    expect(changed).toBeGreaterThan(10);
  }).toPass({ timeout: 30_000 });
}
