import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute, Link, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, History, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Checkbox, Input, Select, Switch } from "@/components/ui/field";
import { Page, Section, Segments } from "@/components/ui/page";
import { SEVERITIES } from "@/components/ui/severity";
import { Failure, Fault, Loading } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { useCameraNames, useCameras } from "@/features/cameras/queries";
import { ScheduleEditor } from "@/features/cameras/schedule-editor";
import { DryRunResult } from "@/features/rules/dry-run";
import { Escalation } from "@/features/rules/escalation";
import { asInput, channelsQuery, kindsQuery, newRule, type RuleInput, ruleQuery } from "@/features/rules/queries";
import { Recipients } from "@/features/rules/recipients";
import { ruleSentence } from "@/features/rules/sentence";
import { TriedList } from "@/features/rules/tried";
import { currentLanguage } from "@/i18n";

export const Route = createFileRoute("/_app/rules/$ruleId")({ component: RulePage });

function RulePage() {
  const { ruleId } = Route.useParams();
  const query = useQuery({ ...ruleQuery(ruleId), enabled: ruleId !== "new" });
  if (ruleId === "new") return <Editor key="new" before={newRule(currentLanguage())} id={null} tag="*" />;
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const { value, tag } = query.data;
  return <Editor key={tag} before={asInput(value)} id={ruleId} tag={tag} onAgain={() => void query.refetch()} />;
}

const TYPES = ["anomaly", "possible_fire", "possible_fall", "tamper", "covered", "turned", "defocused", "frozen"];
const toggled = <T,>(list: readonly T[], item: T, on: boolean): T[] => (on ? [...list, item] : list.filter((each) => each !== item));

type EditorProps = { before: RuleInput; id: string | null; tag: string; onAgain?: () => void };

function Editor({ before, id, tag, onAgain }: EditorProps) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { cameras } = useCameras();
  const cameraNames = useCameraNames();
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const kinds = useQuery(kindsQuery).data?.kinds ?? [];
  const [rule, setRule] = useState(before);
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const [dry, setDry] = useState<Schemas["DryRun"] | null>(null);
  const [tried, setTried] = useState<Schemas["TriedRead"][] | null>(null);
  const [removing, setRemoving] = useState(false);
  const set = (change: Partial<RuleInput>) => {
    setRule((now) => ({ ...now, ...change }));
    setDry(null);
  };
  const channelNames = new Map(channels.map((channel) => [channel.id, channel.name]));
  const wantsTarget = channels.some(
    (channel) => rule.channel_ids.includes(channel.id) && kinds.find((kind) => kind.kind === channel.kind)?.target_needed,
  );

  const attempt = async (what: string, work: () => Promise<void>) => {
    setBusy(what);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy("");
    }
  };
  const save = () =>
    attempt("save", async () => {
      const body = { ...rule, name: rule.name.trim() };
      await take(
        id === null
          ? api.POST("/api/v1/rules", { body })
          : api.PUT("/api/v1/rules/{rule_id}", { params: { path: { rule_id: id }, header: { "if-match": tag } }, body }),
      );
      await client.invalidateQueries({ queryKey: ["rules"] });
      done(t("common.saved"));
      await navigate({ to: "/rules" });
    });
  const rehearse = () =>
    attempt("dry", async () =>
      setDry(
        await take(
          api.POST("/api/v1/rules/dry-run", {
            params: { query: { count: 200 } },
            body: { ...rule, name: rule.name.trim() || t("rules.add") },
          }),
        ),
      ),
    );
  const test = () =>
    attempt("test", async () =>
      setTried((await take(api.POST("/api/v1/rules/{rule_id}/test", { params: { path: { rule_id: id ?? "" } } }))).results),
    );

  return (
    <Page
      title={
        <span className="flex items-center gap-2">
          <Link to="/rules" aria-label={t("rules.rules")} className="-ml-1.5 rounded-md p-1 text-muted hover:text-text">
            <ChevronLeft className="size-5" aria-hidden />
          </Link>
          {id === null ? t("rules.add") : before.name}
        </span>
      }
    >
      <p className="rounded-lg border border-line bg-raised px-4 py-3 text-sm" aria-live="polite">
        {ruleSentence(t, i18n.language, rule, { cameras: cameraNames, channels: channelNames })}
      </p>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Section title={t("rules.what")}>
          <div className="grid gap-5 md:grid-cols-2">
            <Input
              label={t("rules.name")}
              value={rule.name}
              onChange={(event) => set({ name: event.target.value })}
              required
              maxLength={128}
            />
            <Select
              label={t("rules.severity")}
              value={rule.min_severity}
              onChange={(event) => set({ min_severity: event.target.value as RuleInput["min_severity"] })}
            >
              {[...SEVERITIES].reverse().map((each) => (
                <option key={each} value={each}>
                  {t("rules.at_least", { severity: t(`severity.${each}`) })}
                </option>
              ))}
            </Select>
            <fieldset className="flex flex-col gap-2">
              <legend className="mb-1 text-sm font-medium">{t("nav.cameras")}</legend>
              <Segments
                size="sm"
                label={t("nav.cameras")}
                value={rule.camera_ids ? "some" : "all"}
                choices={[
                  ["all", t("common.all")],
                  ["some", t("rules.some")],
                ]}
                onChoose={(which) => set({ camera_ids: which === "all" ? null : [] })}
              />
              {rule.camera_ids && (
                <div className="grid max-h-56 grid-cols-2 gap-x-3 overflow-y-auto">
                  {cameras.map((camera) => (
                    <Checkbox
                      key={camera.id}
                      label={camera.name}
                      checked={rule.camera_ids?.includes(camera.id) ?? false}
                      onChange={(event) => set({ camera_ids: toggled(rule.camera_ids ?? [], camera.id, event.target.checked) })}
                    />
                  ))}
                </div>
              )}
            </fieldset>
            <fieldset className="flex flex-col gap-2">
              <legend className="mb-1 text-sm font-medium">{t("rules.types")}</legend>
              <Segments
                size="sm"
                label={t("rules.types")}
                value={rule.event_types ? "some" : "all"}
                choices={[
                  ["all", t("common.all")],
                  ["some", t("rules.some")],
                ]}
                onChoose={(which) => set({ event_types: which === "all" ? null : ["anomaly"] })}
              />
              {rule.event_types && (
                <div className="grid grid-cols-2 gap-x-3">
                  {[...new Set([...TYPES, ...rule.event_types])].map((word) => (
                    <Checkbox
                      key={word}
                      label={t(`type.${word as "anomaly"}`)}
                      checked={rule.event_types?.includes(word) ?? false}
                      onChange={(event) => set({ event_types: toggled(rule.event_types ?? [], word, event.target.checked) })}
                    />
                  ))}
                </div>
              )}
              <Checkbox
                label={t("rules.system_events")}
                hint={t("rules.system_events_hint")}
                checked={rule.system_events ?? false}
                onChange={(event) => set({ system_events: event.target.checked })}
              />
            </fieldset>
          </div>
        </Section>
        <Section title={t("rules.whom")}>
          <div className="flex flex-col gap-5">
            <fieldset>
              <legend className="mb-1 text-sm font-medium">{t("rules.channels")}</legend>
              {channels.length === 0 && (
                <p className="text-sm text-muted">
                  {t("rules.none_channels")}{" "}
                  <Link to="/rules/channels" className="text-link">
                    {t("channels.add")}
                  </Link>
                </p>
              )}
              <div className="grid gap-x-4 sm:grid-cols-2 lg:grid-cols-3">
                {channels.map((channel) => (
                  <Checkbox
                    key={channel.id}
                    label={channel.name}
                    hint={t(`channel_kind.${channel.kind as "email"}`)}
                    checked={rule.channel_ids.includes(channel.id)}
                    onChange={(event) => set({ channel_ids: toggled(rule.channel_ids, channel.id, event.target.checked) })}
                  />
                ))}
              </div>
            </fieldset>
            {(wantsTarget || (rule.recipients?.length ?? 0) > 0) && (
              <Recipients value={rule.recipients ?? []} onChange={(recipients) => set({ recipients })} />
            )}
            <Escalation value={rule.escalation ?? []} channels={channels} kinds={kinds} onChange={(escalation) => set({ escalation })} />
          </div>
        </Section>
        <Section title={t("rules.when")}>
          <div className="flex flex-col gap-6">
            <div className="flex flex-col gap-2">
              <h3 className="text-sm font-medium">{t("rules.schedule")}</h3>
              <ScheduleEditor
                value={rule.schedule ?? null}
                onChange={(schedule) => set({ schedule })}
                words={{ always: t("rules.always"), plan: t("schedule.plan"), inside: t("rules.schedule_inside") }}
              />
            </div>
            <div className="flex flex-col gap-2">
              <h3 className="text-sm font-medium">{t("rules.quiet_hours")}</h3>
              <p className="text-[0.8125rem] text-muted">{t("rules.quiet_hint")}</p>
              <ScheduleEditor
                value={rule.quiet_hours ?? null}
                onChange={(quiet_hours) => set({ quiet_hours })}
                words={{ always: t("rules.no_quiet"), plan: t("schedule.plan"), inside: t("rules.quiet_inside") }}
              />
            </div>
          </div>
        </Section>
        <Section title={t("rules.how")}>
          <div className="grid gap-x-8 gap-y-2 md:grid-cols-2">
            <Select label={t("rules.language")} value={rule.language} onChange={(event) => set({ language: event.target.value })}>
              <option value="en">English</option>
              <option value="ko">한국어</option>
            </Select>
            <Input
              type="number"
              min={1}
              max={10000}
              label={t("rules.rate")}
              hint={t("rules.rate_hint")}
              value={rule.rate_limit?.count ?? ""}
              onChange={(event) => set({ rate_limit: event.target.value ? { count: Number(event.target.value), period_s: 3600 } : null })}
            />
            <div>
              <Switch
                label={t("rules.picture")}
                checked={rule.include_picture ?? true}
                onChange={(include_picture) => set({ include_picture })}
              />
              <Switch
                label={t("rules.clip_link")}
                checked={rule.include_clip_link ?? true}
                onChange={(include_clip_link) => set({ include_clip_link })}
              />
            </div>
            <div>
              <Switch label={t("rules.updates")} checked={rule.updates ?? true} onChange={(updates) => set({ updates })} />
              <Switch label={t("rules.enabled")} checked={rule.enabled ?? true} onChange={(enabled) => set({ enabled })} />
            </div>
          </div>
        </Section>
        <Section
          title={t("dry.title")}
          lead={t("dry.lead")}
          actions={
            <span className="flex flex-wrap gap-2">
              <Button busy={busy === "dry"} icon={<History className="size-4" aria-hidden />} onClick={() => void rehearse()}>
                {t("dry.do")}
              </Button>
              {id !== null && (
                <Button busy={busy === "test"} icon={<Send className="size-4" aria-hidden />} onClick={() => void test()}>
                  {t("rules.test")}
                </Button>
              )}
            </span>
          }
        >
          {tried && <TriedList results={tried} channels={channelNames} />}
          {dry ? <DryRunResult result={dry} channels={channelNames} /> : !tried && <p className="text-sm text-muted">{t("dry.hint")}</p>}
        </Section>
        <Fault error={problem} again={onAgain} />
        <div className="flex flex-wrap justify-between gap-2">
          {id !== null ? (
            <Button kind="danger" icon={<Trash2 className="size-4" aria-hidden />} onClick={() => setRemoving(true)}>
              {t("common.delete")}
            </Button>
          ) : (
            <span />
          )}
          <Button kind="primary" type="submit" busy={busy === "save"} disabled={!rule.name.trim()}>
            {t("common.save")}
          </Button>
        </div>
      </form>
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={t("rules.remove_title", { name: before.name })}
        action={t("common.delete")}
        danger
        onConfirm={async () => {
          await take(api.DELETE("/api/v1/rules/{rule_id}", { params: { path: { rule_id: id ?? "" } } }));
          await client.invalidateQueries({ queryKey: ["rules"] });
          await navigate({ to: "/rules" });
        }}
      >
        {t("rules.remove_text")}
      </Confirm>
    </Page>
  );
}
