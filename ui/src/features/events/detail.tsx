import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  ArrowLeft,
  ArrowRight,
  Check,
  CircleCheck,
  Ellipsis,
  FileArchive,
  Images,
  Link2,
  Lock,
  LockOpen,
  RotateCcw,
  Smile,
  TriangleAlert,
  X,
} from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { download, fetchPicture } from "@/api/media";
import { Button, buttonClass, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Dialog } from "@/components/ui/dialog";
import { Menu, MenuItem, MenuLine } from "@/components/ui/menu";
import { SeverityBadge } from "@/components/ui/severity";
import { Failure, Loading } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { Response } from "@/features/response/response";
import { may, useMe } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { duration, eventTime, fullTime, measured } from "@/i18n/format";
import { undoLast, useEventActions } from "./actions";
import type { EventDetail } from "./cache";
import { ClipPlayer } from "./clip-player";
import { CorrectType } from "./correct";
import { Earlier } from "./earlier";
import { Facts } from "./facts";
import { REVIEWS } from "./filters";
import { LookAgain, Looked } from "./looked";
import { Nearest } from "./nearest";
import { NormalDialog } from "./normal-dialog";
import { eventQuery } from "./queries";
import { History, Told } from "./told";
import { useHotkeys } from "./use-hotkeys";
import { eventTitle } from "./words";

export function EventPane({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useQuery(eventQuery(id));
  if (isPending) return <Loading className="h-full" />;
  if (error) return <Failure className="h-full" error={error} retry={() => void refetch()} />;
  return <Detail key={id} event={data} />;
}

function Detail({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const me = useMe();
  const now = useNow(event.status === "open" ? 1000 : 15_000);
  const controls = me.role === "admin" || may(me, event.camera_id, "control");
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (window.location.hash === "#clip") document.getElementById("clip")?.scrollIntoView();
    else top.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const title = eventTitle(t, event);
  return (
    <article ref={top} aria-label={title} className="mx-auto flex w-full max-w-4xl flex-col gap-4 p-4 md:p-5 2xl:max-w-[88rem]">
      <header className="flex items-start gap-3">
        <Link to="/events" search={(search) => search} aria-label={t("events.to_list")} className={buttonClass("quiet", "md", true)}>
          <ArrowLeft className="size-5 lg:hidden" aria-hidden />
          <X className="hidden size-5 lg:block" aria-hidden />
        </Link>
        <div className="min-w-0 flex-1">
          <h2 className="flex flex-wrap items-center gap-2 text-lg leading-snug font-semibold">
            <SeverityBadge severity={event.severity} />
            {title}
          </h2>
          <p className="flex flex-wrap gap-x-2 text-sm text-muted">
            {event.camera_name ? (
              <Link to="/cameras/$cameraId" params={{ cameraId: event.camera_id }} className="text-text hover:underline">
                {event.camera_name}
              </Link>
            ) : (
              <span>{t("events.site")}</span>
            )}
            <time dateTime={event.timestamp} title={fullTime(event.timestamp)}>
              {eventTime(event.timestamp, now)}
            </time>
            {event.status === "open" ? (
              <strong className="text-text">
                {t("events.going_on_for", { time: duration((now - Date.parse(event.timestamp)) / 1000) })}
              </strong>
            ) : (
              event.duration_s !== null && event.duration_s > 0 && <span>{duration(event.duration_s)}</span>
            )}
            {event.kind !== "system" && <span>{t("events.score", { score: measured(event.vad_score) })}</span>}
          </p>
        </div>
      </header>
      {event.detail && <p className="rounded-md bg-raised px-3 py-2 text-sm">{event.detail}</p>}
      {event.faults.map((fault) => (
        <p key={fault} className="flex gap-2 rounded-md bg-high-quiet px-3 py-2 text-sm text-high">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          {fault}
        </p>
      ))}
      {/* On a wall what was seen and why stand side by side. */}
      <div className="flex flex-col gap-4 2xl:grid 2xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="contents 2xl:flex 2xl:min-w-0 2xl:flex-col 2xl:gap-4">
          <ClipPlayer event={event} />
          {controls ? <Actions event={event} /> : event.note ? <Block title={t("events.note")}>{event.note}</Block> : null}
          {(event.continues || event.continued_by) && (
            <p className="flex flex-wrap gap-3 text-sm">
              {event.continues && (
                <Link
                  to="/events/$eventId"
                  params={{ eventId: event.continues }}
                  search={(search) => search}
                  className="inline-flex items-center gap-1 text-accent hover:underline"
                >
                  <ArrowLeft className="size-4" aria-hidden />
                  {t("events.part_before")}
                </Link>
              )}
              {event.continued_by && (
                <Link
                  to="/events/$eventId"
                  params={{ eventId: event.continued_by }}
                  search={(search) => search}
                  className="inline-flex items-center gap-1 text-accent hover:underline"
                >
                  {t("events.part_after")}
                  <ArrowRight className="size-4" aria-hidden />
                </Link>
              )}
            </p>
          )}
          {event.kind !== "system" && (
            <Block title={t("earlier.title")} className="order-last 2xl:order-none">
              <Earlier event={event} />
            </Block>
          )}
        </div>
        <div className="grid min-w-0 content-start gap-4 xl:grid-cols-2 2xl:grid-cols-1">
          {event.kind !== "system" && (
            <>
              <Block title={t("facts.title")}>
                <Facts facts={event.facts} />
                {event.example && <Nearest example={event.example} />}
              </Block>
              <Block title={t("looked.title")} action={controls && <LookAgain id={event.id} />}>
                <Looked event={event} />
                {controls && <CorrectType event={event} />}
              </Block>
              <Block title={t("response.title")}>
                <Response event={event.id} />
              </Block>
            </>
          )}
          <Block title={t("told.title")}>
            <Told event={event} />
          </Block>
          <Block title={t("history.title")}>
            <History event={event} />
          </Block>
        </div>
      </div>
    </article>
  );
}

type BlockProps = { title: ReactNode; action?: ReactNode; className?: string; children: ReactNode };

function Block({ title, action, className, children }: BlockProps) {
  return (
    <section className={cx("panel min-w-0 p-4", className)}>
      <div className="mb-3 flex min-h-5 items-center justify-between gap-3">
        <h3 className="text-sm font-semibold">{title}</h3>
        {action && <div className="-my-1">{action}</div>}
      </div>
      {children}
    </section>
  );
}

function Actions({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const actions = useEventActions(event);
  const [sheet, setSheet] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const note = useRef<HTMLTextAreaElement>(null);
  useHotkeys({
    a: actions.toggleAcknowledged,
    f: () => actions.review("false_alarm"),
    m: event.kind === "anomaly" ? () => setAsking(true) : undefined,
    r: () => actions.review("in_progress"),
    d: () => actions.review("resolved"),
    l: actions.toggleLock,
    n: () => note.current?.focus(),
    u: undoLast,
  });
  const save = () => {
    const text = note.current?.value.trim() ?? "";
    if (text !== (event.note ?? "")) actions.saveNote(text);
  };
  const showSheet = () => fetchPicture(`/api/v1/events/${event.id}/contact-sheet`).then(({ url }) => setSheet(url), failed);

  return (
    <section className="panel flex flex-col gap-3 p-3" aria-label={t("events.answer")}>
      <div className="flex flex-wrap gap-2">
        <Button
          kind={event.acknowledged ? "on" : "primary"}
          aria-pressed={event.acknowledged}
          icon={<Check className="size-4" aria-hidden />}
          onClick={actions.toggleAcknowledged}
        >
          {t(event.acknowledged ? "events.acknowledged" : "events.acknowledge")}
        </Button>
        <Button
          kind={event.review === "false_alarm" ? "on" : "plain"}
          aria-pressed={event.review === "false_alarm"}
          icon={<X className="size-4" aria-hidden />}
          onClick={() => actions.review(event.review === "false_alarm" ? "new" : "false_alarm")}
        >
          {t("review.false_alarm")}
        </Button>
        {event.kind === "anomaly" && (
          <Button
            kind={event.review === "normal" ? "on" : "plain"}
            aria-pressed={event.review === "normal"}
            icon={<Smile className="size-4" aria-hidden />}
            onClick={() => (event.review === "normal" ? actions.review("new") : setAsking(true))}
          >
            {t("events.normal")}
          </Button>
        )}
        <Button
          kind={event.review === "resolved" ? "on" : "plain"}
          aria-pressed={event.review === "resolved"}
          icon={<CircleCheck className="size-4" aria-hidden />}
          onClick={() => actions.review(event.review === "resolved" ? "new" : "resolved")}
        >
          {t("review.resolved")}
        </Button>
        <span className="ml-auto flex gap-1">
          <Button
            kind={event.locked ? "on" : "quiet"}
            aria-pressed={event.locked}
            aria-label={t(event.locked ? "events.unlock" : "events.lock")}
            title={t("events.lock_hint")}
            onClick={actions.toggleLock}
            icon={event.locked ? <Lock className="size-4" aria-hidden /> : <LockOpen className="size-4" aria-hidden />}
          />
          <Menu
            trigger={
              <IconButton label={t("events.more")}>
                <Ellipsis className="size-4" aria-hidden />
              </IconButton>
            }
          >
            {REVIEWS.filter((each) => each === "in_progress" || each === "new").map((each) => (
              <MenuItem key={each} disabled={event.review === each} onSelect={() => actions.review(each)}>
                <RotateCcw aria-hidden />
                {t(`review.${each}`)}
              </MenuItem>
            ))}
            <MenuLine />
            {event.has_contact_sheet && (
              <MenuItem onSelect={() => void showSheet()}>
                <Images aria-hidden />
                {t("events.sheet")}
              </MenuItem>
            )}
            <MenuItem onSelect={() => void download(`/api/v1/events/${event.id}/export`).catch(failed)}>
              <FileArchive aria-hidden />
              {t("events.export")}
            </MenuItem>
            <MenuItem
              onSelect={() =>
                void navigator.clipboard
                  ?.writeText(`${window.location.origin}/events/${event.id}`)
                  .then(() => done(t("common.copied")), failed)
              }
            >
              <Link2 aria-hidden />
              {t("events.copy_link")}
            </MenuItem>
          </Menu>
        </span>
      </div>
      <label className="flex flex-col gap-1">
        <span className="sr-only">{t("events.note")}</span>
        <textarea
          ref={note}
          key={event.note ?? ""}
          defaultValue={event.note ?? ""}
          rows={event.note ? 3 : 1}
          maxLength={4000}
          placeholder={t("events.note_hint")}
          className="control text-sm"
          onBlur={save}
          onKeyDown={(press) => {
            if (press.key === "Enter" && (press.ctrlKey || press.metaKey)) press.currentTarget.blur();
            if (press.key === "Escape") {
              press.currentTarget.value = event.note ?? "";
              press.currentTarget.blur();
            }
          }}
        />
      </label>
      <NormalDialog camera={event.camera_id} open={asking} onClose={() => setAsking(false)} onYes={() => actions.review("normal")} />
      <Dialog
        wide
        open={sheet !== null}
        onClose={() => {
          if (sheet) URL.revokeObjectURL(sheet);
          setSheet(null);
        }}
        title={t("events.sheet")}
      >
        {sheet && <img src={sheet} alt={t("events.sheet")} className="w-full" />}
      </Dialog>
    </section>
  );
}
