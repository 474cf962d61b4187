// Takes a picture of every page of a running site, in both languages and themes, on a phone and on a wall:
//   node measure/pages.mjs http://127.0.0.1:8000 kim "the password" [out/pages] [page ...]
import { existsSync, mkdirSync } from "node:fs";
import { chromium } from "@playwright/test";

const [site, username, password, folder = "test-results/pages", ...wanted] = process.argv.slice(2);
if (!site || !username || !password) throw new Error("say the address of the site, a user name and a password");
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);
const WIDTHS = { phone: { width: 390, height: 844 }, wall: { width: 1920, height: 1080 } };
const SETTLED_MS = 1200;
const PATIENCE_MS = 25_000;

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const ask = async (context, path) => (await context.request.get(`${site}/api/v1${path}`, { headers: context.headers })).json();

for (const language of ["ko", "en"])
  for (const theme of ["dark", "light"])
    for (const [width, viewport] of Object.entries(WIDTHS)) {
      const context = await browser.newContext({ viewport, locale: language, timezoneId: "Asia/Seoul", colorScheme: theme });
      const login = { username, password, cookie: true };
      const answer = await context.request.post(`${site}/api/v1/auth/login`, { data: login, headers: { "X-Haetae-CSRF": "1" } });
      if (!answer.ok()) throw new Error(await answer.text());
      context.headers = { Authorization: `Bearer ${(await answer.json()).access_token}` };
      await context.addInitScript(
        ([chosen, look]) => {
          localStorage.setItem("haetae.language", chosen);
          localStorage.setItem("haetae.preferences", JSON.stringify({ theme: look, density: "comfortable", sound: false }));
        },
        [language, theme],
      );
      const camera = (await ask(context, "/cameras")).cameras[0]?.id;
      const event = (await ask(context, "/events?kind=anomaly&has_clip=true&limit=1")).items[0]?.id;
      const pages = {
        live: "live",
        events: "events?show=all",
        ...(event && { event: `events/${event}?show=all` }),
        approvals: "approvals",
        assistant: "assistant",
        handover: "handover",
        statistics: "statistics",
        cameras: "cameras",
        "camera-new": "cameras/new",
        ...(camera && {
          camera: `cameras/${camera}`,
          zones: `cameras/${camera}/zones`,
          schedule: `cameras/${camera}/schedule`,
          sensitivity: `cameras/${camera}/sensitivity`,
          settings: `cameras/${camera}/settings`,
          access: `cameras/${camera}/access`,
        }),
        rules: "rules",
        rule: "rules/new",
        channels: "rules/channels",
        deliveries: "rules/deliveries",
        severity: "rules/severity",
        playbooks: "rules/playbook",
        people: "people",
        system: "system",
        configuration: "system/configuration",
        audit: "system/audit",
        account: "account",
      };
      const page = await context.newPage();
      for (const [name, path] of Object.entries(pages)) {
        if (wanted.length > 0 && !wanted.includes(name)) continue;
        await page.goto(`${site}/${path}`);
        const there = () =>
          document.querySelector("main h1, main h2") !== null &&
          !document.querySelector("main .animate-breathe, main .animate-spin, #root > [role=status]");
        await page.waitForFunction(there, undefined, { timeout: PATIENCE_MS }).catch(() => console.warn(`${name}: still loading`));
        await page.waitForTimeout(SETTLED_MS);
        await page.screenshot({ path: `${folder}/${name}-${language}-${theme}-${width}.png` });
      }
      await context.close();
    }
await browser.close();
