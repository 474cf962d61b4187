import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Section } from "@/components/ui/page";
import { Empty, Failure, Fault, Loading } from "@/components/ui/states";
import { useCamera } from "@/features/cameras/use-camera";
import { usersQuery } from "@/features/people/queries";

export const Route = createFileRoute("/_app/cameras/$cameraId/access")({ component: AccessPage });

type Level = Schemas["AccessLevel"];
const LEVELS: readonly Level[] = ["view", "control", "admin"];

function AccessPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const camera = useCamera();
  const params = { path: { camera_id: camera.id } };
  const users = useQuery(usersQuery);
  const access = useQuery({
    queryKey: ["camera", camera.id, "access"],
    queryFn: () => take(api.GET("/api/v1/cameras/{camera_id}/access", { params })),
  });
  const [problem, setProblem] = useState<unknown>(null);
  if (users.isPending || access.isPending) return <Loading />;
  if (users.isError) return <Failure error={users.error} retry={() => void users.refetch()} />;
  if (access.isError) return <Failure error={access.error} retry={() => void access.refetch()} />;

  const granted = new Map(access.data.people.map((person) => [person.user_id, person.level]));
  const set = async (user: string, level: Level | "none") => {
    const people = access.data.people
      .filter((person) => person.user_id !== user)
      .map(({ user_id, level: had }) => ({ user_id, level: had }));
    if (level !== "none") people.push({ user_id: user, level });
    setProblem(null);
    try {
      client.setQueryData(
        ["camera", camera.id, "access"],
        await take(api.PUT("/api/v1/cameras/{camera_id}/access", { params, body: { people } })),
      );
    } catch (error) {
      setProblem(error);
    }
  };
  const others = users.data.users.filter((user) => user.role !== "admin" && user.active);
  return (
    <Section title={t("access.title")} lead={t("access.lead")}>
      <Fault error={problem} className="mb-3" />
      {others.length === 0 ? (
        <Empty className="py-8" title={t("access.nobody")}>
          {t("access.nobody_text")}
        </Empty>
      ) : (
        <ul className="-my-2 divide-y divide-line">
          {others.map((user) => (
            <li key={user.id} className="flex flex-wrap items-center gap-3 py-2.5">
              <span className="min-w-0 flex-1">
                <span className="font-medium">{user.username}</span>
                <span className="ml-2 text-sm text-muted">{t(`role.${user.role}`)}</span>
              </span>
              <select
                aria-label={t("access.of", { name: user.username })}
                className="control w-56 text-sm"
                value={granted.get(user.id) ?? "none"}
                onChange={(event) => void set(user.id, event.target.value as Level | "none")}
              >
                <option value="none">{t("level.none")}</option>
                {LEVELS.filter((level) => user.role !== "viewer" || level === "view" || granted.get(user.id) === level).map((level) => (
                  <option key={level} value={level}>
                    {t(`level.${level}`)}
                  </option>
                ))}
              </select>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
