import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute, redirect } from "@tanstack/react-router";
import { CircleCheck, FilePlus2 } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { getSession } from "@/api/session";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Section } from "@/components/ui/page";
import { Failure, Fault, Skeleton } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { useSettled } from "@/components/ui/use-settled";
import { Diff } from "@/features/playbook/diff";
import { Findings, PlaybookEditor } from "@/features/playbook/editor";
import { Rehearsal } from "@/features/playbook/rehearsal";
import { Versions } from "@/features/playbook/versions";
import { NoticesPage } from "@/features/rules/frame";
import { currentLanguage } from "@/i18n";

export const Route = createFileRoute("/_app/rules/playbook")({
  beforeLoad: () => {
    const session = getSession();
    if (session.state === "in" && session.me.role !== "admin") throw redirect({ to: "/live" });
  },
  component: PlaybookPage,
});

const TYPED_MS = 400;

function PlaybookPage() {
  const { data, error, refetch } = useQuery({
    queryKey: ["playbook", "active"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/playbook", { signal })),
    refetchOnWindowFocus: false,
  });
  return (
    <NoticesPage>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data ? (
        <Editing key={data.version} playbook={data} />
      ) : (
        <Skeleton className="h-96" />
      )}
    </NoticesPage>
  );
}

function Editing({ playbook }: { playbook: Schemas["PlaybookRead"] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [content, setContent] = useState(playbook.content);
  const [note, setNote] = useState("");
  const [at, setAt] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [rehearsed, setRehearsed] = useState<Schemas["DryRunRead"] | null>(null);
  const [trying, setTrying] = useState(false);
  const typed = useSettled(useDeferredValue(content), TYPED_MS);
  const check = useQuery({
    queryKey: ["playbook", "check", typed],
    queryFn: ({ signal }) => take(api.POST("/api/v1/playbook/check", { body: { content: typed }, signal })),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const changed = content !== playbook.content;
  const known = check.data && typed === content && !check.isPlaceholderData ? check.data : null;

  const put = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await take(api.PUT("/api/v1/playbook", { body: { content, note: note.trim(), expected_version: playbook.version } }));
      await client.invalidateQueries({ queryKey: ["playbook"] });
      done(t("playbook.stored"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const rehearse = async () => {
    setTrying(true);
    setProblem(null);
    try {
      setRehearsed(await take(api.POST("/api/v1/playbook/dry-run", { body: { content } })));
    } catch (error) {
      setProblem(error);
    } finally {
      setTrying(false);
    }
  };

  return (
    <>
      <Section
        title={t("playbook.title")}
        lead={t(playbook.version === 0 ? "playbook.lead_default" : "playbook.lead", { version: playbook.version })}
        actions={<Defaults onChoose={setContent} />}
      >
        <div className="grid gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
          <PlaybookEditor value={content} onChange={setContent} findings={check.data?.findings ?? []} at={at} />
          <div className="flex min-w-0 flex-col gap-3 xl:max-h-[34rem] xl:overflow-y-auto">
            {check.isError ? (
              <Fault error={check.error} />
            ) : check.data && check.data.findings.length === 0 ? (
              <p className="flex items-center gap-2 text-sm">
                <CircleCheck className="size-4 text-accent" aria-hidden />
                {t("playbook.fine")}
              </p>
            ) : check.data ? (
              <Findings
                findings={check.data.findings}
                onGo={(line) => {
                  setAt(null);
                  requestAnimationFrame(() => setAt(line));
                }}
              />
            ) : (
              <Skeleton className="h-10" />
            )}
          </div>
        </div>
        {changed && known && (
          <div className="mt-4 flex flex-col gap-2">
            <h3 className="text-sm font-semibold">{t("playbook.diff")}</h3>
            <Diff text={known.diff} />
          </div>
        )}
        <Fault error={problem} again={() => void client.invalidateQueries({ queryKey: ["playbook"] })} className="mt-4" />
        <div className="mt-4 flex flex-wrap items-end justify-between gap-3">
          <Button busy={trying} disabled={!known?.usable} onClick={() => void rehearse()}>
            {t("playbook.rehearse")}
          </Button>
          <form
            className="flex flex-1 flex-wrap items-end justify-end gap-3"
            onSubmit={(event) => {
              event.preventDefault();
              void put();
            }}
          >
            <Input
              className="w-72 max-w-full"
              label={t("playbook.note")}
              value={note}
              maxLength={500}
              onChange={(event) => setNote(event.target.value)}
            />
            <Button type="submit" kind="primary" busy={busy} disabled={!changed || !known?.usable}>
              {t("playbook.put")}
            </Button>
          </form>
        </div>
      </Section>
      {rehearsed && (
        <Section title={t("playbook.rehearsal")} lead={t("playbook.rehearsal_lead")}>
          <Rehearsal result={rehearsed} />
        </Section>
      )}
      <Section title={t("playbook.versions")} lead={t("playbook.versions_lead")}>
        <Versions onLoad={setContent} />
      </Section>
    </>
  );
}

function Defaults({ onChoose }: { onChoose: (content: string) => void }) {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ["playbook", "defaults"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/playbook/defaults", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const own = data?.items.filter((each) => each.language === currentLanguage()) ?? [];
  if (own.length === 0) return null;
  return (
    <Menu
      trigger={
        <Button size="sm" icon={<FilePlus2 className="size-4" aria-hidden />}>
          {t("playbook.begin_with")}
        </Button>
      }
    >
      {own.map((each) => (
        <MenuItem key={each.name} onSelect={() => onChoose(each.content)}>
          {t(`playbook_default.${each.name}` as never, each.name.replaceAll("_", " "))}
        </MenuItem>
      ))}
    </Menu>
  );
}
