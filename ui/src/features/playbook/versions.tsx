import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Fault, Skeleton } from "@/components/ui/states";
import { failed } from "@/components/ui/toast";
import { dateTime, fullTime } from "@/i18n/format";
import { Diff } from "./diff";

/** Every playbook that was in force, what it changed, and a way back to it. */
export function Versions({ onLoad }: { onLoad: (content: string) => void }) {
  const { t } = useTranslation();
  const [compared, setCompared] = useState<number | null>(null);
  const versions = useQuery({
    queryKey: ["playbook", "versions"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/playbook/versions", { signal })),
  });
  const diff = useQuery({
    queryKey: ["playbook", "diff", compared],
    queryFn: ({ signal }) => {
      const query = { old: Math.max(0, (compared ?? 1) - 1), new: compared ?? 0 };
      return take(api.GET("/api/v1/playbook/diff", { params: { query }, signal }));
    },
    enabled: compared !== null,
  });
  const load = (version: number) =>
    void take(api.GET("/api/v1/playbook/versions/{version}", { params: { path: { version } } })).then(
      (found) => onLoad(found.content),
      failed,
    );
  if (versions.isPending) return <Skeleton className="h-16" />;
  if (versions.isError) return <Fault error={versions.error} />;
  return (
    <div className="flex flex-col gap-3">
      <ul className="-my-2 divide-y divide-line text-sm">
        {versions.data.items.map((each) => (
          <li key={each.version} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <span className={cx("font-medium", each.active && "text-accent")}>
              {t("playbook.version", { version: each.version })}
              {each.active && ` · ${t("playbook.active")}`}
            </span>
            <span className="min-w-0 flex-1 truncate text-muted">{[each.created_by, each.note].filter(Boolean).join(": ")}</span>
            <time dateTime={each.created_at} title={fullTime(each.created_at)} className="text-muted">
              {dateTime(each.created_at)}
            </time>
            <Button size="sm" kind="quiet" onClick={() => setCompared(each.version === compared ? null : each.version)}>
              {t("playbook.what_changed")}
            </Button>
            <Button size="sm" kind="quiet" onClick={() => load(each.version)}>
              {t("playbook.load")}
            </Button>
          </li>
        ))}
        {versions.data.items.length === 0 && <li className="py-2 text-muted">{t("playbook.no_versions")}</li>}
      </ul>
      {compared !== null &&
        (diff.data ? <Diff text={diff.data.diff} /> : diff.isError ? <Fault error={diff.error} /> : <Skeleton className="h-16" />)}
    </div>
  );
}
