import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");
export const PASSWORD = "a long sentence of my own";

export type Said = { url?: string; video?: string; code?: string; mail_port?: number; mail?: { to: string[]; subject: string } };

/** A module of Python that runs a site until its input ends, and says a JSON object a line. */
export class ServedSite {
  url = "";
  private readonly process: ChildProcess;

  private constructor(module: string, args: readonly string[]) {
    const python = process.env.HAETAE_PYTHON ?? resolve(ROOT, ".venv/bin/python");
    const env = { ...process.env, PYTHONPATH: resolve(ROOT, "src") };
    this.process = spawn(python, ["-m", module, ...args], { cwd: ROOT, env, stdio: ["pipe", "pipe", "inherit"] });
  }

  /** Resolves as soon as it says where it is; `hear` is told everything that it says. */
  static async start(module: string, args: readonly string[] = [], hear: (said: Said) => void = () => undefined): Promise<ServedSite> {
    const site = new ServedSite(module, args);
    if (!site.process.stdout) throw new Error("the site says nothing");
    const lines = createInterface({ input: site.process.stdout });
    await new Promise<void>((done, fail) => {
      site.process.once("exit", (code) => fail(new Error(`the site ended with ${code}`)));
      lines.on("line", (line) => {
        const said = JSON.parse(line) as Said;
        hear(said);
        if (!said.url) return;
        site.url = said.url;
        done();
      });
    });
    return site;
  }

  async end() {
    this.process.stdin?.end();
    if (this.process.exitCode === null) await once(this.process, "exit");
  }
}
