import { authorised } from "@/api/client";

export type PicturesState =
  | { kind: "connecting" }
  | { kind: "playing"; width: number; height: number }
  | { kind: "offline" }
  | { kind: "gone" };

const PAUSE_MS = 180;
const LATER_MS = 3000;

/**
 * The newest picture of a camera again and again, for what cannot be played: cameras with privacy zones, codecs that the browser lacks.
 *
 * One request at a time, so that a wall of them never takes the browser's few connections away from everything else, as endless MJPEG
 * answers would.
 */
export class LivePictures {
  private readonly stop = new AbortController();
  private tag = "";

  constructor(
    private readonly image: HTMLImageElement,
    private readonly camera: string,
    private readonly width: number,
    private readonly say: (state: PicturesState) => void,
  ) {
    void this.run();
  }

  end() {
    this.stop.abort();
    URL.revokeObjectURL(this.image.src);
    this.image.removeAttribute("src");
  }

  private async run() {
    while (!this.stop.signal.aborted) {
      let pause = PAUSE_MS;
      try {
        pause = await this.once();
      } catch {
        if (this.stop.signal.aborted) return;
        this.say({ kind: "connecting" });
        pause = LATER_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private async once(): Promise<number> {
    const url = `/api/v1/cameras/${this.camera}/snapshot?width=${this.width}`;
    const headers = this.tag ? { "If-None-Match": this.tag } : undefined;
    const response = await authorised(new Request(url, { signal: this.stop.signal, headers, cache: "no-store" }));
    if (response.status === 304) return PAUSE_MS;
    if (!response.ok) {
      this.tag = "";
      this.say({ kind: response.status === 404 ? "gone" : response.status === 409 ? "offline" : "connecting" });
      return LATER_MS;
    }
    this.tag = response.headers.get("ETag") ?? "";
    const next = URL.createObjectURL(await response.blob());
    const before = this.image.src;
    this.image.src = next;
    await this.image.decode().catch(() => undefined);
    if (before) URL.revokeObjectURL(before);
    this.say({ kind: "playing", width: this.image.naturalWidth, height: this.image.naturalHeight });
    return PAUSE_MS;
  }
}
