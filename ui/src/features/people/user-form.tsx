import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { queryClient } from "@/api/query";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { Fault } from "@/components/ui/states";
import { useCameras } from "@/features/cameras/queries";
import { currentLanguage } from "@/i18n";
import type { User } from "./queries";

type Role = Schemas["Role"];
type Grant = Schemas["Grant"];
export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];
const LEVELS = ["view", "control", "admin"] as const;

type Props = {
  user: User | null;
  mode: "invite" | "user";
  grants?: readonly Grant[];
  onClose: () => void;
  onCode: (code: Schemas["CodeRead"], name: string) => void;
};

/** An invitation, a new account, or a change of one: role, address and which cameras. */
export function PersonForm({ user, mode, grants: before = [], onClose, onCode }: Props) {
  const { t } = useTranslation();
  const { cameras } = useCameras();
  const [role, setRole] = useState<Role>(user?.role ?? "operator");
  const [grants, setGrants] = useState<ReadonlyMap<string, Grant["level"]>>(new Map(before.map((grant) => [grant.camera_id, grant.level])));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const list = () => [...grants].map(([camera_id, level]) => ({ camera_id, level }));

  const save = async (form: FormData) => {
    const email = String(form.get("email")).trim() || null;
    setBusy(true);
    setProblem(null);
    try {
      if (user) {
        const params = { path: { user_id: user.id } };
        await take(api.PATCH("/api/v1/users/{user_id}", { params, body: { role, email } }));
        if (role !== "admin") await take(api.PUT("/api/v1/users/{user_id}/access", { params, body: { grants: list() } }));
      } else if (mode === "invite") {
        onCode(await take(api.POST("/api/v1/invites", { body: { role, email, grants: role === "admin" ? [] : list() } })), email ?? "");
      } else {
        const username = String(form.get("username")).trim();
        const created = await take(
          api.POST("/api/v1/users", {
            body: { username, role, email, language: currentLanguage(), grants: role === "admin" ? [] : list() },
          }),
        );
        if (created.reset) onCode(created.reset, username);
      }
      await Promise.all([queryClient.invalidateQueries({ queryKey: ["users"] }), queryClient.invalidateQueries({ queryKey: ["invites"] })]);
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={user ? user.username : t(mode === "invite" ? "people.invite" : "people.add")}
      description={user ? undefined : t(mode === "invite" ? "people.invite_text" : "people.add_text")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button kind="primary" type="submit" form="person-form" busy={busy}>
            {user ? t("common.save") : t(mode === "invite" ? "people.make_link" : "people.add")}
          </Button>
        </>
      }
    >
      <form
        id="person-form"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
      >
        {!user && mode === "user" && (
          <Input name="username" label={t("session.username")} required autoComplete="off" autoCapitalize="none" spellCheck={false} />
        )}
        <Input
          name="email"
          type="email"
          label={t("people.email")}
          hint={t("people.email_hint")}
          defaultValue={user?.email ?? ""}
          autoComplete="off"
        />
        <Select
          label={t("people.role")}
          hint={t(`people.role_${role}`)}
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {t(`role.${each}`)}
            </option>
          ))}
        </Select>
        {role !== "admin" && cameras.length > 0 && (
          <fieldset>
            <legend className="mb-1 text-sm font-medium">{t("people.sees")}</legend>
            <ul className="max-h-64 divide-y divide-line overflow-y-auto rounded-md border border-line">
              {cameras.map((camera) => (
                <li key={camera.id} className="flex items-center gap-3 px-3 py-1.5">
                  <span className="min-w-0 flex-1 truncate text-sm">{camera.name}</span>
                  <select
                    aria-label={t("people.level_of", { name: camera.name })}
                    className="control min-h-8 w-44 py-0.5 text-sm"
                    value={grants.get(camera.id) ?? "none"}
                    onChange={(event) =>
                      setGrants((now) => {
                        const next = new Map(now);
                        if (event.target.value === "none") next.delete(camera.id);
                        else next.set(camera.id, event.target.value as Grant["level"]);
                        return next;
                      })
                    }
                  >
                    <option value="none">{t("level.none")}</option>
                    {LEVELS.filter((level) => role !== "viewer" || level === "view" || grants.get(camera.id) === level).map((level) => (
                      <option key={level} value={level}>
                        {t(`level.${level}`)}
                      </option>
                    ))}
                  </select>
                </li>
              ))}
            </ul>
          </fieldset>
        )}
        <Fault error={problem} />
      </form>
    </Dialog>
  );
}
