import type { Schemas } from "./client";
import { socketUrl, ticketed } from "./media";
import { accessToken, getSession, onSession } from "./session";

export type EventMessage = Pick<
  Schemas["EventRead"],
  | "id"
  | "camera_id"
  | "revision"
  | "kind"
  | "subtype"
  | "severity"
  | "status"
  | "timestamp"
  | "ended_at"
  | "vad_score"
  | "detail"
  | "has_clip"
  | "has_thumbnail"
> & { continues: string | null };

export type StatusMessage = Pick<
  Schemas["CameraStatusRead"],
  "camera_id" | "state" | "cause" | "since" | "fps" | "learning" | "armed" | "events" | "last_frame_at"
>;

export type ScorePoint = { at: number; value: number };

export type Message =
  | { type: "hello"; protocol: number; now: string }
  | { type: "event"; event: EventMessage }
  | { type: "event_changed"; camera_id: string; event_id: string }
  | { type: "status"; status: StatusMessage }
  | { type: "scores"; scores: Record<string, { value: number; at: string }> }
  | { type: "camera_changed"; camera_id: string }
  | { type: "resync" }
  | { type: "pong"; now: string }
  | { type: "error"; code: string; detail: string };

export type Link = "connecting" | "connected" | "lost";

const KEPT_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const PING_MS = 20_000;

/** One socket for the whole page: connects anew by itself, with a growing pause, and asks for what was missed. */
class Hub {
  private socket: WebSocket | null = null;
  private pause = FIRST_PAUSE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private heard = 0;
  private last: string | null = null;
  private wanted = false;
  private scoreUsers = 0;
  private link: Link = "connecting";
  private readonly listeners = new Set<(message: Message) => void>();
  private readonly linkListeners = new Set<() => void>();
  private readonly scores = new Map<string, ScorePoint[]>();
  private readonly scoreListeners = new Set<() => void>();

  start() {
    onSession(() => this.follow());
    window.addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.now());
    this.follow();
  }

  private follow() {
    const should = getSession().state === "in";
    if (should === this.wanted) return;
    this.wanted = should;
    if (should) {
      void this.connect();
    } else {
      clearTimeout(this.timer);
      this.socket?.close();
      this.last = null;
      this.scores.clear();
    }
  }

  /** Do not wait any longer where there is reason to think that it works now. */
  private now() {
    if (!this.wanted || this.socket) return;
    clearTimeout(this.timer);
    this.pause = FIRST_PAUSE_MS;
    void this.connect();
  }

  private async connect() {
    if (this.socket || !this.wanted || !accessToken()) return this.later();
    let url: string;
    try {
      url = socketUrl(await ticketed("/api/v1/ws"));
    } catch {
      return this.later();
    }
    if (!this.wanted || this.socket) return;
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onmessage = (message) => this.receive(socket, JSON.parse(message.data as string) as Message);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      clearInterval(this.beat);
      this.later();
    };
  }

  private later() {
    if (!this.wanted) return;
    this.become("lost");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  private receive(socket: WebSocket, message: Message) {
    this.heard = performance.now();
    if (message.type === "hello") this.greet(socket);
    if (message.type === "event") this.last = message.event.id > (this.last ?? "") ? message.event.id : this.last;
    if (message.type === "scores") this.keepScores(message.scores);
    for (const listener of this.listeners) listener(message);
  }

  private greet(socket: WebSocket) {
    this.pause = FIRST_PAUSE_MS;
    const topics = this.scoreUsers > 0 ? ["events", "statuses", "scores"] : ["events", "statuses"];
    socket.send(JSON.stringify({ type: "subscribe", topics, cameras: null }));
    if (this.last) socket.send(JSON.stringify({ type: "resume", after: this.last }));
    this.become("connected");
    clearInterval(this.beat);
    this.beat = setInterval(() => {
      // A network that went away without a word leaves the socket open for minutes.
      if (performance.now() - this.heard > 2.5 * PING_MS) socket.close();
      else socket.send(JSON.stringify({ type: "ping" }));
    }, PING_MS);
  }

  private become(link: Link) {
    if (this.link === link) return;
    this.link = link;
    for (const listener of this.linkListeners) listener();
  }

  getLink = (): Link => this.link;

  onLink = (listener: () => void): (() => void) => {
    this.linkListeners.add(listener);
    return () => this.linkListeners.delete(listener);
  };

  on(listener: (message: Message) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private keepScores(scores: Record<string, { value: number; at: string }>) {
    for (const [camera, { value, at }] of Object.entries(scores)) {
      const points = this.scores.get(camera) ?? [];
      const time = Date.parse(at);
      points.push({ at: time, value });
      while (points[0] && points[0].at < time - KEPT_MS) points.shift();
      this.scores.set(camera, points);
    }
    for (const listener of this.scoreListeners) listener();
  }

  /** Scores cost the server and the network something: they come only while somebody looks. */
  onScores(listener: () => void): () => void {
    this.scoreListeners.add(listener);
    this.scoreUsers += 1;
    if (this.scoreUsers === 1) this.send({ type: "subscribe", topics: ["scores"], cameras: null });
    return () => {
      this.scoreListeners.delete(listener);
      this.scoreUsers -= 1;
      if (this.scoreUsers === 0) {
        this.scores.clear();
        this.send({ type: "unsubscribe", topics: ["scores"] });
      }
    };
  }

  scoresOf(camera: string): readonly ScorePoint[] {
    return this.scores.get(camera) ?? [];
  }

  private send(order: object) {
    if (this.link === "connected") this.socket?.send(JSON.stringify(order));
  }
}

export const hub = new Hub();
