import { useQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { ArrowUp, Sparkles, Square, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { Page } from "@/components/ui/page";
import { Failure, Skeleton } from "@/components/ui/states";
import { Examples, ExchangeView } from "@/features/assistant/answer";
import { forgetTalk, say, stopAnswer, useTalk } from "@/features/assistant/talk";
import { currentLanguage } from "@/i18n";

export const Route = createFileRoute("/_app/assistant")({
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    typeof search.q === "string" && search.q.trim() ? { q: search.q.slice(0, 1000) } : {},
  component: AssistantPage,
});

function AssistantPage() {
  const { t } = useTranslation();
  const { q } = Route.useSearch();
  const navigate = Route.useNavigate();
  const talk = useTalk();
  const end = useRef<HTMLDivElement>(null);
  const about = useQuery({
    queryKey: ["assistant"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/assistant", { signal })),
    staleTime: 30_000,
  });
  // A question that came with the address is asked once.
  useEffect(() => {
    if (!q) return;
    void navigate({ search: {}, replace: true });
    void say(q);
  }, [q, navigate]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the talk grows.
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [talk]);
  if (about.isError)
    return (
      <Page title={t("nav.assistant")}>
        <Failure error={about.error} retry={() => void about.refetch()} />
      </Page>
    );
  return (
    <div className="mx-auto flex h-full w-full max-w-3xl flex-col">
      <header className="flex items-start gap-3 px-4 pt-5 pb-3 md:px-7">
        <div className="min-w-0 flex-1">
          <h1 className="text-xl font-semibold tracking-tight">{t("nav.assistant")}</h1>
          <p className="mt-0.5 text-sm text-muted">
            {about.data ? (
              about.data.available ? (
                t("assistant.lead_model", { model: about.data.model })
              ) : about.data.model ? (
                t("assistant.lead_away", { reason: about.data.reason })
              ) : (
                t("assistant.lead_rules")
              )
            ) : (
              <Skeleton className="h-4 w-64" />
            )}
          </p>
        </div>
        {talk.length > 0 && (
          <IconButton label={t("assistant.forget")} onClick={forgetTalk}>
            <Trash2 className="size-4" aria-hidden />
          </IconButton>
        )}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 md:px-7" role="log" aria-label={t("assistant.talk")} tabIndex={0}>
        {talk.length === 0 ? (
          <div className="flex flex-col items-start gap-3 py-8">
            <Sparkles className="size-8 text-faint" strokeWidth={1.5} aria-hidden />
            <p className="text-muted">{t("assistant.try")}</p>
            {about.data && <Examples examples={about.data.examples[currentLanguage()] ?? []} />}
          </div>
        ) : (
          <div className="flex flex-col gap-7 py-4">
            {talk.map((exchange) => (
              <ExchangeView key={exchange.id} exchange={exchange} />
            ))}
          </div>
        )}
        <div ref={end} />
      </div>
      <Ask going={talk.at(-1)?.answer.going ?? false} most={about.data?.most_letters ?? 1000} />
    </div>
  );
}

function Ask({ going, most }: { going: boolean; most: number }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const send = () => {
    if (!text.trim()) return;
    void say(text.trim());
    setText("");
  };
  return (
    <form
      className="flex items-end gap-2 px-4 py-4 md:px-7"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        aria-label={t("assistant.question")}
        placeholder={t("assistant.question")}
        className="control min-h-11 flex-1 resize-none py-2.5"
        rows={Math.min(5, 1 + text.split("\n").length - 1)}
        maxLength={most}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // Korean is still being put together while `isComposing`.
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {going ? (
        <Button
          aria-label={t("assistant.stop")}
          className="min-h-11 w-11"
          icon={<Square className="size-4" aria-hidden />}
          onClick={stopAnswer}
        />
      ) : (
        <Button
          type="submit"
          kind="primary"
          aria-label={t("assistant.ask")}
          className="min-h-11 w-11"
          disabled={!text.trim()}
          icon={<ArrowUp className="size-5" aria-hidden />}
        />
      )}
    </form>
  );
}
