import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { LogOut, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { problemOf } from "@/api/problem";
import { forget, reloadMe, tokensChanged } from "@/api/session";
import { Button, IconButton } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { Page, Section } from "@/components/ui/page";
import { Fault, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { type Secret, SecretDialog } from "@/features/people/secret";
import { ROLES } from "@/features/people/user-form";
import { useMe } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { eventTime, fullTime } from "@/i18n/format";

export const Route = createFileRoute("/_app/account")({ component: AccountPage });

function AccountPage() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <Page title={t("user.account")} lead={`${me.username} · ${t(`role.${me.role}`)}`}>
      <div className="grid gap-5 lg:grid-cols-2">
        <Address />
        <Password />
      </div>
      <Sessions />
      <Keys />
    </Page>
  );
}

function Address() {
  const { t } = useTranslation();
  const me = useMe();
  const [problem, setProblem] = useState<unknown>(null);
  const save = async (form: FormData) => {
    setProblem(null);
    try {
      await take(api.PATCH("/api/v1/auth/me", { body: { email: String(form.get("email")).trim() || null } }));
      await reloadMe();
      done(t("common.saved"));
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Section title={t("account.address")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
      >
        <Input
          name="email"
          type="email"
          label={t("people.email")}
          hint={t("account.email_hint")}
          defaultValue={me.email ?? ""}
          autoComplete="email"
        />
        <Fault error={problem} />
        <Button type="submit" className="self-end">
          {t("common.save")}
        </Button>
      </form>
    </Section>
  );
}

function Password() {
  const { t } = useTranslation();
  const [problem, setProblem] = useState<unknown>(null);
  const [count, setCount] = useState(0);
  const save = async (form: FormData) => {
    setProblem(null);
    try {
      const body = { current_password: String(form.get("current")), new_password: String(form.get("new")), cookie: true };
      const { data, error, response } = await api.POST("/api/v1/auth/password", { body });
      if (!data) throw await problemOf(new Response(JSON.stringify(error), response));
      tokensChanged(data, response.headers.get("Date"));
      setCount((before) => before + 1);
      done(t("account.password_done"));
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Section title={t("session.password")}>
      <form
        key={count}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
      >
        <Input name="current" type="password" label={t("account.current_password")} required autoComplete="current-password" />
        <Input
          name="new"
          type="password"
          label={t("session.new_password")}
          hint={t("session.password_hint")}
          required
          autoComplete="new-password"
        />
        <Fault error={problem} />
        <Button type="submit" className="self-end">
          {t("account.change_password")}
        </Button>
      </form>
    </Section>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const now = useNow(60_000);
  const [asking, setAsking] = useState(false);
  const { data } = useQuery({ queryKey: ["sessions"], queryFn: ({ signal }) => take(api.GET("/api/v1/auth/sessions", { signal })) });
  const end = async (id: string) => {
    try {
      await take(api.DELETE("/api/v1/auth/sessions/{family}", { params: { path: { family: id } } }));
      await client.invalidateQueries({ queryKey: ["sessions"] });
    } catch (error) {
      failed(error);
    }
  };
  return (
    <Section
      title={t("account.sessions")}
      lead={t("account.sessions_lead")}
      actions={
        <Button size="sm" icon={<LogOut className="size-4" aria-hidden />} onClick={() => setAsking(true)}>
          {t("account.everywhere")}
        </Button>
      }
    >
      {!data ? (
        <Skeleton className="h-16" />
      ) : (
        <ul className="-my-2 divide-y divide-line text-sm">
          {data.map((session) => (
            <li key={session.id} className="flex items-center gap-3 py-2">
              <span className="min-w-0 flex-1">
                <span className="block truncate" title={session.user_agent}>
                  {browserName(session.user_agent) || t("account.program")}
                </span>
                <span className="text-muted">{session.address}</span>
              </span>
              <time className="text-muted" dateTime={session.last_used_at} title={fullTime(session.last_used_at)}>
                {eventTime(session.last_used_at, now)}
              </time>
              <IconButton label={t("account.end_session")} onClick={() => void end(session.id)}>
                <Trash2 className="size-4" aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t("account.everywhere")}
        action={t("account.everywhere")}
        danger
        onConfirm={async () => {
          await take(api.POST("/api/v1/auth/logout-all"));
          forget();
        }}
      >
        {t("account.everywhere_text")}
      </Confirm>
    </Section>
  );
}

/** Browser and system as people call them; of anything else its own words. */
function browserName(agent: string): string {
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(agent)?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "macOS" };
  return browser ? [names[browser] ?? browser, names[system ?? ""] ?? system].filter(Boolean).join(", ") : agent.slice(0, 60);
}

function Keys() {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const now = useNow(60_000);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const { data } = useQuery({ queryKey: ["api-keys", "own"], queryFn: ({ signal }) => take(api.GET("/api/v1/api-keys", { signal })) });
  const add = async (form: FormData) => {
    setProblem(null);
    const days = String(form.get("days"));
    try {
      const body = {
        name: String(form.get("name")).trim(),
        role: String(form.get("role")) as (typeof ROLES)[number],
        expires_in_days: days ? Number(days) : null,
      };
      const created = await take(api.POST("/api/v1/api-keys", { body }));
      setAdding(false);
      setSecret({ title: created.api_key.name, text: t("keys_api.shown_once"), value: created.key, expires: created.api_key.expires_at });
      await client.invalidateQueries({ queryKey: ["api-keys"] });
    } catch (error) {
      setProblem(error);
    }
  };
  const revoke = (id: string) =>
    void take(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: id } } }))
      .then(() => client.invalidateQueries({ queryKey: ["api-keys"] }))
      .catch(failed);
  return (
    <Section
      title={t("keys_api.title")}
      lead={t("keys_api.lead")}
      actions={
        <Button size="sm" icon={<Plus className="size-4" aria-hidden />} onClick={() => setAdding(true)}>
          {t("keys_api.add")}
        </Button>
      }
    >
      {!data ? (
        <Skeleton className="h-10" />
      ) : data.length === 0 ? (
        <p className="text-sm text-muted">{t("keys_api.none")}</p>
      ) : (
        <ul className="-my-2 divide-y divide-line text-sm">
          {data.map((key) => (
            <li key={key.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2">
              <span className="min-w-0 flex-1">
                <span className="font-medium">{key.name}</span> <code className="text-muted">{key.prefix}…</code>
              </span>
              <span>{t(`role.${key.role}`)}</span>
              <span className="text-muted">
                {key.last_used_at ? t("keys_api.used", { time: eventTime(key.last_used_at, now) }) : t("keys_api.unused")}
              </span>
              <IconButton label={t("keys_api.revoke", { name: key.name })} onClick={() => revoke(key.id)}>
                <Trash2 className="size-4" aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <Dialog
        open={adding}
        onClose={() => setAdding(false)}
        title={t("keys_api.add")}
        description={t("keys_api.lead")}
        footer={
          <Button kind="primary" type="submit" form="key-form">
            {t("keys_api.add")}
          </Button>
        }
      >
        <form
          id="key-form"
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void add(new FormData(event.currentTarget));
          }}
        >
          <Input name="name" label={t("keys_api.name")} required maxLength={128} />
          <Select name="role" label={t("keys_api.role")} defaultValue="viewer">
            {ROLES.slice(0, ROLES.indexOf(me.role) + 1).map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </Select>
          <Input name="days" type="number" min={1} max={3650} label={t("keys_api.days")} hint={t("keys_api.days_hint")} />
          <Fault error={problem} />
        </form>
      </Dialog>
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </Section>
  );
}
