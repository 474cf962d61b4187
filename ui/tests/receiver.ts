import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Something in the house that is told what to do: takes what is posted to it, keeps it and says yes. */
export class Receiver {
  readonly told: { action: string; target: string; approved_by: string[] }[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, answer) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        this.told.push(JSON.parse(Buffer.concat(parts).toString()));
        answer.end("ok");
      });
    });
  }

  static async start(): Promise<Receiver> {
    const made = new Receiver();
    await new Promise<void>((done) => made.server.listen(0, "127.0.0.1", done));
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  end = () => new Promise((done) => this.server.close(done));
}
