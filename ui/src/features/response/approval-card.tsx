import { Link } from "@tanstack/react-router";
import { Check, Clock, UserCheck, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Confirm } from "@/components/ui/dialog";
import { TextArea } from "@/components/ui/field";
import { SeverityBadge } from "@/components/ui/severity";
import { typeWord } from "@/features/events/words";
import { useNow } from "@/features/shell/use-now";
import { clockTime, dateTime, duration, fullTime } from "@/i18n/format";
import { type Approval, decide } from "./queries";
import { actionWords } from "./words";

/** A question to people: may this be done? With who has said what, and how long it still can be answered. */
export function ApprovalCard({ approval, inEvent }: { approval: Approval; inEvent?: boolean }) {
  const { t } = useTranslation();
  const [answer, setAnswer] = useState<boolean | null>(null);
  const { action } = approval;
  const what = actionWords(t, action);
  return (
    <article
      aria-label={what}
      className={cx(
        "flex flex-col gap-3 rounded-lg border p-4",
        approval.state === "open" ? "border-line border-l-4 border-l-medium bg-surface" : "border-line bg-surface",
      )}
    >
      <header className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1">
          <h3 className="font-semibold">{what}</h3>
          {!inEvent && (
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
              {approval.severity && <SeverityBadge severity={approval.severity} />}
              <Link
                to="/events/$eventId"
                params={{ eventId: approval.event_id }}
                search={{ show: "all" }}
                className="text-text underline decoration-line-strong underline-offset-2 hover:decoration-current"
              >
                {approval.event_type ? typeWord(t, approval.event_type) : t("approvals.event")}
              </Link>
              {approval.camera_name && <span>{approval.camera_name}</span>}
              {approval.began_at && (
                <time dateTime={approval.began_at} title={fullTime(approval.began_at)}>
                  {dateTime(approval.began_at)}
                </time>
              )}
            </p>
          )}
        </div>
        <Left approval={approval} />
      </header>
      {action.text && <q className="text-sm">{action.text}</q>}
      <p className="text-sm text-muted">
        {[t(`risk.${action.risk}`), t(`planned_by.${action.planned_by}`), action.disputed && t("response.disputed"), action.reason]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <People approval={approval} />
      {approval.state === "open" &&
        (approval.may_decide ? (
          <div className="flex flex-wrap gap-2">
            <Button kind="primary" icon={<Check className="size-4" aria-hidden />} onClick={() => setAnswer(true)}>
              {t("approvals.approve")}
            </Button>
            <Button icon={<X className="size-4" aria-hidden />} onClick={() => setAnswer(false)}>
              {t("approvals.reject")}
            </Button>
          </div>
        ) : (
          <p className="text-sm text-muted">{t("approvals.may_not")}</p>
        ))}
      {answer !== null && <Ask approval={approval} yes={answer} what={what} onClose={() => setAnswer(null)} />}
    </article>
  );
}

function Ask({ approval, yes, what, onClose }: { approval: Approval; yes: boolean; what: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const last = approval.given + 1 >= approval.needed;
  return (
    <Confirm
      open
      onClose={onClose}
      title={t(yes ? "approvals.approve_title" : "approvals.reject_title", { what })}
      action={t(yes ? "approvals.approve" : "approvals.reject")}
      danger={!yes}
      onConfirm={() => decide(approval, yes, note.trim())}
    >
      <p>{t(yes ? (last ? "approvals.approve_text" : "approvals.approve_first") : "approvals.reject_text")}</p>
      <TextArea
        className="mt-3 text-text"
        label={t("approvals.note")}
        rows={2}
        maxLength={500}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </Confirm>
  );
}

/** How long it can still be answered; after that nothing is done. */
function Left({ approval }: { approval: Approval }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const left_s = (Date.parse(approval.expires_at) - now) / 1000;
  if (approval.state !== "open") return <span className="text-sm font-medium text-muted">{t(`approval_state.${approval.state}`)}</span>;
  return (
    <span
      className={cx("inline-flex items-center gap-1.5 text-sm font-semibold", left_s < 60 ? "text-critical" : "text-medium")}
      title={fullTime(approval.expires_at)}
    >
      <Clock className="size-4" aria-hidden />
      {left_s > 0 ? t("approvals.left", { time: duration(left_s) }) : t("approval_state.expired")}
    </span>
  );
}

function People({ approval }: { approval: Approval }) {
  const { t } = useTranslation();
  return (
    <div className="text-sm">
      {approval.needed > 1 && (
        <p className="flex items-center gap-2">
          <UserCheck className="size-4 text-muted" aria-hidden />
          {t("approvals.people", { given: approval.given, count: approval.needed })}
        </p>
      )}
      {approval.decisions.length > 0 && (
        <ul className="mt-1 flex flex-col gap-0.5 text-muted">
          {approval.decisions.map((decision) => (
            <li key={`${decision.name}${decision.at}`}>
              {t(decision.approve ? "approvals.said_yes" : "approvals.said_no", { name: decision.name, time: clockTime(decision.at) })}
              {decision.way === "link" && ` (${t("approvals.by_link")})`}
              {decision.note && <q className="ml-1.5 text-text">{decision.note}</q>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
