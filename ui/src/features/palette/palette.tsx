import { useNavigate } from "@tanstack/react-router";
import { Camera, CornerDownLeft, FileText, Search, Siren, Sparkles, Zap } from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut } from "@/api/session";
import { cx } from "@/components/ui/cx";
import { failed } from "@/components/ui/toast";
import { useCameras } from "@/features/cameras/queries";
import { useMe } from "@/features/session/use-session";
import { showKeys } from "@/features/shell/keys-help";
import { placesOf } from "@/features/shell/navigation";
import { LANGUAGES, type Language, setLanguage } from "@/i18n";
import { prefer } from "@/preferences";
import { type Entry, eventIdIn, found } from "./entries";

const MOST = 40;
const ICONS = { event: Siren, camera: Camera, page: FileText, action: Zap, ask: Sparkles };

/** Everything that one can go to or do, by typing a part of its name. */
export default function PaletteContent({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const entries = useEntries(typed);
  const current = Math.min(at, entries.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  });
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) setAt((current + by + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") run(entries[current]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/60" />
        <Dialog.Content
          aria-describedby={undefined}
          className="panel fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 flex-col overflow-hidden shadow-[var(--shadow)] focus:outline-none"
        >
          <Dialog.Title className="sr-only">{t("palette.open")}</Dialog.Title>
          <div className="flex items-center gap-3 border-b border-line px-4">
            <Search className="size-4 shrink-0 text-muted" aria-hidden />
            <input
              role="combobox"
              aria-expanded
              aria-controls={listId}
              aria-activedescendant={entries[current] ? `${listId}-${current}` : undefined}
              aria-label={t("palette.open")}
              placeholder={t("palette.hint")}
              className="h-12 min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
              value={typed}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => {
                setTyped(event.target.value);
                setAt(0);
              }}
              onKeyDown={press}
            />
          </div>
          <div ref={list} id={listId} role="listbox" aria-label={t("palette.found")} className="min-h-0 overflow-y-auto p-1.5">
            {entries.map((entry, index) => {
              const Icon = ICONS[entry.group];
              return (
                <div
                  key={entry.id}
                  id={`${listId}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === current}
                  onPointerMove={() => setAt(index)}
                  onClick={() => run(entry)}
                  onKeyDown={undefined}
                  className={cx(
                    "flex min-h-10 cursor-pointer items-center gap-3 rounded-md px-2.5 text-sm",
                    index === current && "bg-raised",
                  )}
                >
                  <Icon className="size-4 shrink-0 text-muted" strokeWidth={1.75} aria-hidden />
                  <span className="min-w-0 flex-1 truncate">{entry.words}</span>
                  {entry.also && <span className="shrink-0 text-xs text-faint">{entry.also}</span>}
                  {index === current && <CornerDownLeft className="size-3.5 shrink-0 text-faint" aria-hidden />}
                </div>
              );
            })}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useEntries(typed: string): Entry[] {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const { cameras } = useCameras();
  const fixed = useMemo((): Entry[] => {
    const pages: Entry[] = [
      ...placesOf(me).map(({ to, word }) => ({
        id: to,
        group: "page" as const,
        words: t(`nav.${word}`),
        run: () => void navigate({ to }),
      })),
      { id: "/handover", group: "page", words: t("handover.title"), run: () => void navigate({ to: "/handover" }) },
      { id: "/account", group: "page", words: t("user.account"), run: () => void navigate({ to: "/account" }) },
    ];
    if (me.role === "admin") {
      const more = [
        ["/rules/channels", t("rules.channels")],
        ["/rules/deliveries", t("rules.deliveries")],
        ["/rules/severity", t("severities.title")],
        ["/rules/playbook", t("playbook.title")],
        ["/system/configuration", t("system.configuration")],
        ["/system/audit", t("system.audit")],
      ] as const;
      pages.push(...more.map(([to, words]): Entry => ({ id: to, group: "page", words, run: () => void navigate({ to }) })));
    }
    const seen = cameras.flatMap((camera): Entry[] => {
      const params = { cameraId: camera.id };
      const watch = () => void navigate({ to: "/live", search: { only: camera.id } });
      return [
        { id: `live:${camera.id}`, group: "camera", words: camera.name, also: t("nav.live"), run: watch },
        {
          id: `camera:${camera.id}`,
          group: "camera",
          words: camera.name,
          also: t("nav.cameras"),
          run: () => void navigate({ to: "/cameras/$cameraId", params }),
        },
        {
          id: `events:${camera.id}`,
          group: "camera",
          words: camera.name,
          also: t("nav.events"),
          run: () => void navigate({ to: "/events", search: { show: "all", camera: [camera.id] } }),
        },
      ];
    });
    return [...pages, ...seen, ...actionsFor(me.role === "admin")];

    function actionsFor(admin: boolean): Entry[] {
      const other = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== i18n.language);
      return [
        ...(admin
          ? [
              { id: "add-camera", group: "action" as const, words: t("cameras.add"), run: () => void navigate({ to: "/cameras/new" }) },
              {
                id: "add-rule",
                group: "action" as const,
                words: t("rules.add"),
                run: () => void navigate({ to: "/rules/$ruleId", params: { ruleId: "new" } }),
              },
            ]
          : []),
        ...(["dark", "light", "system"] as const).map((theme) => ({
          id: `theme:${theme}`,
          group: "action" as const,
          words: t(`theme.${theme}`),
          also: t("user.theme"),
          run: () => prefer({ theme }),
        })),
        ...other.map((language) => ({
          id: `language:${language}`,
          group: "action" as const,
          words: LANGUAGES[language],
          also: t("user.language"),
          run: () => void setLanguage(language),
        })),
        { id: "keys", group: "action", words: t("events.keys"), also: "?", run: showKeys },
        { id: "logout", group: "action", words: t("user.logout"), run: () => void signOut().catch(failed) },
      ];
    }
  }, [me, cameras, navigate, t, i18n.language]);

  return useMemo(() => {
    const text = typed.trim();
    const id = eventIdIn(text);
    if (id) {
      const open = () => void navigate({ to: "/events/$eventId", params: { eventId: id }, search: { show: "all" } });
      return [{ id: "event", group: "event", words: t("palette.event"), also: id.slice(0, 8), run: open }];
    }
    if (!text) return fixed.slice(0, MOST);
    const search = () => void navigate({ to: "/events", search: { show: "all", q: text } });
    const ask = () => void navigate({ to: "/assistant", search: { q: text } });
    return [
      ...found(fixed, text).slice(0, MOST),
      { id: "search", group: "event", words: t("palette.search", { text }), run: search },
      { id: "ask", group: "ask", words: t("palette.ask", { text }), run: ask },
    ];
  }, [typed, fixed, navigate, t]);
}
