import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { Ellipsis, KeyRound, Mail, Pencil, Trash2, UserCheck, UserPlus, UserX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Menu, MenuItem, MenuLine } from "@/components/ui/menu";
import { Page, Section } from "@/components/ui/page";
import { Failure, Skeleton } from "@/components/ui/states";
import { failed } from "@/components/ui/toast";
import { type User, usersQuery } from "@/features/people/queries";
import { type Secret, SecretDialog } from "@/features/people/secret";
import { PersonForm } from "@/features/people/user-form";
import { useMe } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { dateTime, eventTime, fullTime } from "@/i18n/format";

export const Route = createFileRoute("/_app/people")({ component: PeoplePage });

type Editing = { user: User | null; mode: "invite" | "user"; grants?: Schemas["Grant"][] };

function PeoplePage() {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const now = useNow(60_000);
  const users = useQuery(usersQuery);
  const invites = useQuery({ queryKey: ["invites"], queryFn: ({ signal }) => take(api.GET("/api/v1/invites", { signal })) });
  const keys = useQuery({
    queryKey: ["api-keys", "everyone"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/api-keys", { params: { query: { everyone: true } }, signal })),
  });
  const [editing, setEditing] = useState<Editing | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [removing, setRemoving] = useState<User | null>(null);

  const showCode = (code: Schemas["CodeRead"], name: string) =>
    setSecret({
      title: t("people.link_title", { name: name || t("people.somebody") }),
      text: t("people.link_text"),
      value: code.link,
      expires: code.expires_at,
    });
  const edit = async (user: User) => {
    try {
      const access = await take(api.GET("/api/v1/users/{user_id}/access", { params: { path: { user_id: user.id } } }));
      setEditing({ user, mode: "user", grants: access.grants });
    } catch (error) {
      failed(error);
    }
  };
  const setActive = async (user: User, active: boolean) => {
    try {
      await take(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } }, body: { active } }));
      await client.invalidateQueries({ queryKey: ["users"] });
    } catch (error) {
      failed(error);
    }
  };
  const reset = async (user: User) => {
    try {
      showCode(await take(api.POST("/api/v1/users/{user_id}/reset", { params: { path: { user_id: user.id } } })), user.username);
    } catch (error) {
      failed(error);
    }
  };
  const nameOf = (id: string) => users.data?.users.find((user) => user.id === id)?.username ?? "–";

  return (
    <Page
      title={t("nav.people")}
      lead={t("people.lead")}
      actions={
        <>
          <Button icon={<UserPlus className="size-4" aria-hidden />} onClick={() => setEditing({ user: null, mode: "user" })}>
            {t("people.add")}
          </Button>
          <Button kind="primary" icon={<Mail className="size-4" aria-hidden />} onClick={() => setEditing({ user: null, mode: "invite" })}>
            {t("people.invite")}
          </Button>
        </>
      }
    >
      {users.isError ? (
        <Failure error={users.error} retry={() => void users.refetch()} />
      ) : users.isPending ? (
        <Skeleton className="h-40" />
      ) : (
        <ul className="panel divide-y divide-line">
          {users.data.users.map((user) => (
            <li key={user.id} className="flex items-center gap-3 px-4 py-3">
              <div className="grid min-w-0 flex-1 gap-x-4 sm:grid-cols-[minmax(0,1.4fr)_8rem_minmax(0,1fr)] sm:items-center">
                <span className="min-w-0">
                  <span className="block truncate font-semibold">
                    {user.username}
                    {user.id === me.id && <span className="ml-2 text-sm font-normal text-muted">({t("told.you")})</span>}
                  </span>
                  <span className="block truncate text-sm text-muted">{user.email ?? t("people.no_email")}</span>
                </span>
                <span className="text-sm">
                  {user.active ? t(`role.${user.role}`) : <span className="text-muted">{t("people.inactive")}</span>}
                </span>
                <span className="text-sm text-muted">
                  {user.last_login_at ? (
                    <time dateTime={user.last_login_at} title={fullTime(user.last_login_at)}>
                      {t("people.last_login", { time: eventTime(user.last_login_at, now) })}
                    </time>
                  ) : (
                    t("people.never")
                  )}
                </span>
              </div>
              <Menu
                trigger={
                  <IconButton label={t("live.more", { name: user.username })}>
                    <Ellipsis className="size-4" aria-hidden />
                  </IconButton>
                }
              >
                <MenuItem onSelect={() => void edit(user)}>
                  <Pencil aria-hidden />
                  {t("people.change")}
                </MenuItem>
                <MenuItem onSelect={() => void reset(user)}>
                  <KeyRound aria-hidden />
                  {t("people.reset")}
                </MenuItem>
                {user.id !== me.id && (
                  <>
                    <MenuItem onSelect={() => void setActive(user, !user.active)}>
                      {user.active ? <UserX aria-hidden /> : <UserCheck aria-hidden />}
                      {t(user.active ? "people.deactivate" : "people.activate")}
                    </MenuItem>
                    <MenuLine />
                    <MenuItem onSelect={() => setRemoving(user)}>
                      <Trash2 aria-hidden />
                      {t("common.delete")}
                    </MenuItem>
                  </>
                )}
              </Menu>
            </li>
          ))}
        </ul>
      )}
      {(invites.data?.length ?? 0) > 0 && (
        <Section title={t("people.invites")} lead={t("people.invites_lead")}>
          <ul className="-my-2 divide-y divide-line text-sm">
            {invites.data?.map((invite) => (
              <li key={invite.id} className="flex items-center gap-3 py-2">
                <span className="min-w-0 flex-1 truncate">{invite.email ?? t("people.somebody")}</span>
                <span>{t(`role.${invite.role}`)}</span>
                <span className="text-muted">{t("people.good_until", { time: dateTime(invite.expires_at) })}</span>
                <IconButton
                  label={t("people.revoke")}
                  onClick={() =>
                    void take(api.DELETE("/api/v1/invites/{invite_id}", { params: { path: { invite_id: invite.id } } }))
                      .then(() => client.invalidateQueries({ queryKey: ["invites"] }))
                      .catch(failed)
                  }
                >
                  <Trash2 className="size-4" aria-hidden />
                </IconButton>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {(keys.data?.length ?? 0) > 0 && (
        <Section title={t("keys_api.all")} lead={t("keys_api.all_lead")}>
          <ul className="-my-2 divide-y divide-line text-sm">
            {keys.data?.map((key) => (
              <li key={key.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2">
                <span className="min-w-0 flex-1 truncate font-medium">{key.name}</span>
                <span className="text-muted">{nameOf(key.user_id)}</span>
                <span>{t(`role.${key.role}`)}</span>
                <span className="text-muted">
                  {key.last_used_at ? t("keys_api.used", { time: eventTime(key.last_used_at, now) }) : t("keys_api.unused")}
                </span>
                <IconButton
                  label={t("keys_api.revoke", { name: key.name })}
                  onClick={() =>
                    void take(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: key.id } } }))
                      .then(() => client.invalidateQueries({ queryKey: ["api-keys"] }))
                      .catch(failed)
                  }
                >
                  <Trash2 className="size-4" aria-hidden />
                </IconButton>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {editing && <PersonForm {...editing} onClose={() => setEditing(null)} onCode={showCode} />}
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
      <Confirm
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={t("people.remove_title", { name: removing?.username ?? "" })}
        action={t("common.delete")}
        danger
        onConfirm={async () => {
          await take(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: removing?.id ?? "" } } }));
          await client.invalidateQueries({ queryKey: ["users"] });
        }}
      >
        {t("people.remove_text")}
      </Confirm>
    </Page>
  );
}
