import { CloudOff, Inbox, LoaderCircle, Lock, SearchX, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { isApiError } from "@/api/problem";
import { Button } from "./button";
import { cx } from "./cx";
import { errorText } from "./error-text";

export function Empty({
  title,
  children,
  icon,
  className,
}: {
  title: ReactNode;
  children?: ReactNode;
  icon?: ReactNode;
  className?: string;
}) {
  return (
    <div className={cx("flex flex-col items-center justify-center gap-2 px-6 py-14 text-center", className)}>
      <span className="text-faint [&>svg]:size-8" aria-hidden>
        {icon ?? <Inbox strokeWidth={1.5} />}
      </span>
      <p className="font-medium">{title}</p>
      {children && <div className="flex max-w-md flex-col items-center gap-3 text-sm text-muted">{children}</div>}
    </div>
  );
}

/** What went wrong, in words, with what can be done about it. */
export function Failure({ error, retry, className }: { error: unknown; retry?: () => void; className?: string }) {
  const { t } = useTranslation();
  const status = isApiError(error) ? error.status : -1;
  const Icon = status === 0 ? CloudOff : status === 403 ? Lock : status === 404 ? SearchX : TriangleAlert;
  const { text, hint } = errorText(t, error);
  return (
    <div role="alert" className={cx("flex flex-col items-center justify-center gap-2 px-6 py-12 text-center", className)}>
      <Icon className="size-8 text-faint" strokeWidth={1.5} aria-hidden />
      <p className="font-medium">{text}</p>
      {hint && <p className="max-w-md text-sm text-muted">{hint}</p>}
      {retry && (
        <Button className="mt-2" onClick={retry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

/** A line beside what was tried; `again` is offered where somebody else changed it meanwhile, and loads what is there now. */
export function Fault({ error, again, className }: { error: unknown; again?: () => void; className?: string }) {
  const { t } = useTranslation();
  if (!error) return null;
  const { text, hint } = errorText(t, error);
  return (
    <div role="alert" className={cx("flex flex-wrap items-center gap-3 rounded-md bg-critical-quiet px-3 py-2 text-sm", className)}>
      <p className="min-w-0 flex-1 basis-60 text-critical">
        {text}
        {hint && <span className="block text-text">{hint}</span>}
      </p>
      {again && isApiError(error) && error.status === 412 && (
        <Button size="sm" onClick={again}>
          {t("common.load_again")}
        </Button>
      )}
    </div>
  );
}

export function Loading({ className, words }: { className?: string; words?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" className={cx("flex items-center justify-center gap-2 p-10 text-sm text-muted", className)}>
      <LoaderCircle className="size-4 animate-spin" aria-hidden />
      {words ?? t("common.loading")}
    </div>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx("animate-breathe rounded-md bg-raised", className)} />;
}
