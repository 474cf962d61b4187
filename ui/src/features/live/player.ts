import { socketUrl, ticketed } from "@/api/media";
import { isApiError } from "@/api/problem";

/** What a tile may say of its video. Only while `playing` is a picture shown. */
export type PlayerState =
  | { kind: "connecting" }
  | { kind: "playing"; width: number; height: number }
  | { kind: "offline" }
  | { kind: "pictures" }
  | { kind: "busy" }
  | { kind: "gone" };

type Stream = { type: "stream"; mime: string; width: number; height: number; fps: number | null };

const STALLED_MS = 5000;
/** So much is kept in hand, for what comes a little late; what is further behind is played a little faster, and further still, left out. */
const CUSHION_S = 0.4;
const BEHIND_S = 1;
const LOST_S = 4;
const CATCHING_UP = 1.12;
const KEPT_S = 10;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;
const LOOK_MS = 500;

type Source = typeof MediaSource;
const mediaSource = (): Source | undefined =>
  (window as unknown as { ManagedMediaSource?: Source }).ManagedMediaSource ?? window.MediaSource;

/**
 * Live video of one camera in a `<video>`, as docs/reference/live.md says: fragmented MP4 over a WebSocket.
 *
 * It connects again by itself. What has not come in for five seconds is not live, and is said not to be.
 */
export class LivePlayer {
  private socket: WebSocket | null = null;
  private media: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private queue: ArrayBuffer[] = [];
  private stream: Stream | null = null;
  private heard = 0;
  private pause = FIRST_PAUSE_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private ended = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly say: (state: PlayerState) => void,
  ) {
    this.watch = setInterval(() => this.look(), LOOK_MS);
    void this.connect();
  }

  end() {
    this.ended = true;
    clearInterval(this.watch);
    clearTimeout(this.retry);
    this.drop();
  }

  private async connect() {
    this.say({ kind: "connecting" });
    let url: string;
    try {
      const hevc = mediaSource()?.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.B0"') ? "&hevc=true" : "";
      url = socketUrl((await ticketed(`/api/v1/cameras/${this.camera}/live`)) + hevc);
    } catch (error) {
      return this.again(isApiError(error) && error.status === 0 ? "connecting" : "offline");
    }
    if (this.ended) return;
    if (!mediaSource()) return this.finish("pictures");
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = performance.now();
    socket.onmessage = (message) => {
      this.heard = performance.now();
      if (typeof message.data === "string") this.begin(JSON.parse(message.data) as Stream);
      else this.append(message.data as ArrayBuffer);
    };
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.closed(code);
    };
  }

  private closed(code: number) {
    this.drop();
    if (code === 4404) return this.finish("gone");
    if (code === 4406 || code === 4408 || code === 4415) return this.finish("pictures");
    if (code === 4429) return this.again("busy");
    return this.again(code === 4410 ? "offline" : "connecting");
  }

  private finish(kind: "pictures" | "gone") {
    this.drop();
    if (!this.ended) this.say({ kind });
  }

  private again(kind: "connecting" | "offline" | "busy") {
    if (this.ended) return;
    this.say({ kind });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), this.pause);
    this.pause = Math.min(this.pause * 1.7, LONGEST_PAUSE_MS);
  }

  private begin(stream: Stream) {
    const Source = mediaSource();
    if (!Source?.isTypeSupported(stream.mime)) return this.finish("pictures");
    this.stream = stream;
    const media = new Source();
    this.media = media;
    media.addEventListener("sourceopen", () => {
      if (this.media !== media) return;
      URL.revokeObjectURL(this.video.src);
      try {
        this.buffer = media.addSourceBuffer(stream.mime);
      } catch {
        return this.finish("pictures");
      }
      this.buffer.addEventListener("updateend", () => this.feed());
      this.feed();
    });
    this.video.disableRemotePlayback = true;
    this.video.src = URL.createObjectURL(media);
  }

  private append(data: ArrayBuffer) {
    this.queue.push(data);
    this.feed();
  }

  private feed() {
    const { buffer, media } = this;
    if (!buffer || buffer.updating || media?.readyState !== "open") return;
    this.follow(buffer);
    // Taking away what was shown takes a moment, and nothing may be added meanwhile; its end calls this again.
    if (buffer.updating) return;
    const data = this.queue.shift();
    if (!data) return;
    try {
      buffer.appendBuffer(data);
    } catch {
      // Full, or broken by a picture that the browser cannot take: begin anew.
      this.socket?.close();
      this.closed(1006);
    }
  }

  /** Stay at the newest picture, and keep only what was just shown. */
  private follow(buffer: SourceBuffer) {
    const { buffered } = buffer;
    if (buffered.length === 0) return;
    const end = buffered.end(buffered.length - 1);
    const start = buffered.start(buffered.length - 1);
    const behind = end - this.video.currentTime;
    if (this.video.currentTime < start || behind > LOST_S) this.video.currentTime = Math.max(start, end - CUSHION_S);
    this.video.playbackRate = behind > BEHIND_S && behind <= LOST_S ? CATCHING_UP : 1;
    if (this.video.paused) void this.video.play().catch(() => undefined);
    if (this.stream && this.video.readyState >= 2) {
      this.pause = FIRST_PAUSE_MS;
      this.say({ kind: "playing", width: this.stream.width, height: this.stream.height });
    }
    if (buffered.start(0) < this.video.currentTime - 2 * KEPT_S && !buffer.updating) {
      buffer.remove(buffered.start(0), this.video.currentTime - KEPT_S);
    }
  }

  private look() {
    if (this.socket && performance.now() - this.heard > STALLED_MS) {
      this.socket.close();
      this.closed(4410);
    }
  }

  private drop() {
    const { socket } = this;
    this.socket = null;
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    this.queue = [];
    this.buffer = null;
    this.media = null;
    this.stream = null;
    if (this.video.src) {
      URL.revokeObjectURL(this.video.src);
      this.video.removeAttribute("src");
      this.video.load();
    }
  }
}
