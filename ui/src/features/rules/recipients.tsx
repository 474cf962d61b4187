import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { usersQuery } from "@/features/people/queries";
import { groupsQuery } from "./queries";

type Recipient = Schemas["RecipientModel"];

/** Whom to reach: people of the site, groups of them, or addresses. */
export function Recipients({
  value,
  onChange,
  groups: withGroups = true,
}: {
  value: readonly Recipient[];
  onChange: (value: Recipient[]) => void;
  groups?: boolean;
}) {
  const { t } = useTranslation();
  const users = useQuery(usersQuery);
  const groups = useQuery(groupsQuery);
  const [address, setAddress] = useState("");
  const name = (recipient: Recipient) =>
    recipient.kind === "user"
      ? (users.data?.users.find((user) => user.id === recipient.value)?.username ?? t("recipients.gone"))
      : recipient.kind === "group"
        ? (groups.data?.groups.find((group) => group.id === recipient.value)?.name ?? t("recipients.gone"))
        : recipient.value;
  const has = (kind: Recipient["kind"], id: string) => value.some((each) => each.kind === kind && each.value === id);
  const add = (recipient: Recipient) => !has(recipient.kind, recipient.value) && onChange([...value, recipient]);
  const reachable = users.data?.users.filter((user) => user.active && user.email && !has("user", user.id)) ?? [];
  const free = withGroups ? (groups.data?.groups.filter((group) => !has("group", group.id)) ?? []) : [];
  const addAddress = () => {
    if (address.trim()) add({ kind: "address", value: address.trim() });
    setAddress("");
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{t("recipients.title")}</legend>
      {value.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {value.map((recipient) => (
            <li
              key={`${recipient.kind}:${recipient.value}`}
              className="flex items-center gap-1 rounded-md bg-raised py-0.5 pr-0.5 pl-2.5 text-sm"
            >
              {name(recipient)}
              <IconButton
                size="sm"
                label={t("recipients.remove", { name: name(recipient) })}
                onClick={() => onChange(value.filter((each) => each !== recipient))}
              >
                <X className="size-3.5" aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-2">
        {(reachable.length > 0 || free.length > 0) && (
          <select
            aria-label={t("recipients.person")}
            className="control w-56 text-sm"
            value=""
            onChange={(event) => {
              const [kind, id] = event.target.value.split(":") as [Recipient["kind"], string];
              add({ kind, value: id });
            }}
          >
            <option value="">{t("recipients.person")}</option>
            {reachable.map((user) => (
              <option key={user.id} value={`user:${user.id}`}>
                {user.username} ({user.email})
              </option>
            ))}
            {free.map((group) => (
              <option key={group.id} value={`group:${group.id}`}>
                {group.name}
              </option>
            ))}
          </select>
        )}
        <span className="flex flex-1 gap-2">
          <input
            aria-label={t("recipients.address")}
            placeholder={t("recipients.address")}
            className="control min-w-48 text-sm"
            value={address}
            onChange={(event) => setAddress(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              addAddress();
            }}
          />
          <Button onClick={addAddress} disabled={!address.trim()}>
            {t("common.add")}
          </Button>
        </span>
      </div>
    </fieldset>
  );
}
