import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { queryClient } from "@/api/query";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Checkbox, Input, Select, Switch } from "@/components/ui/field";
import { Fault } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import type { Channel, ChannelKind } from "./queries";

type Property = {
  type?: string;
  title?: string;
  default?: unknown;
  enum?: string[];
  writeOnly?: boolean;
  description?: string;
  anyOf?: { type: string }[];
};
type Settings = Record<string, unknown>;

const fieldsOf = (kind: ChannelKind | undefined) =>
  Object.entries((kind?.settings_schema?.properties ?? {}) as Record<string, Property>).filter(
    ([, property]) => typeOf(property) !== "object",
  );
const requiredOf = (kind: ChannelKind | undefined) => new Set((kind?.settings_schema?.required ?? []) as string[]);
const typeOf = (property: Property) => property.type ?? property.anyOf?.find((each) => each.type !== "null")?.type ?? "string";

type Props = { kinds: readonly ChannelKind[]; channel: Channel | null; tag?: string; onClose: () => void };

/** A channel's settings, as its kind describes them. Secrets are only ever written. */
export function ChannelForm({ kinds, channel, onClose }: Props) {
  const { t } = useTranslation();
  const [kindName, setKindName] = useState(channel?.kind ?? kinds.find((kind) => kind.kind === "email")?.kind ?? kinds[0]?.kind ?? "");
  const [name, setName] = useState(channel?.name ?? "");
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [settings, setSettings] = useState<Settings>(channel?.settings ?? {});
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const kind = kinds.find((each) => each.kind === kindName);
  const words = t as unknown as (key: string, options: object) => string;
  const required = requiredOf(kind);

  const save = async () => {
    setBusy(true);
    setProblem(null);
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== "" && value !== undefined));
    try {
      if (channel) {
        const body: Schemas["ChannelChange"] = { name: name.trim(), enabled, settings: given };
        await take(
          api.PATCH("/api/v1/channels/{channel_id}", { params: { path: { channel_id: channel.id }, header: { "if-match": "*" } }, body }),
        );
      } else {
        await take(api.POST("/api/v1/channels", { body: { name: name.trim(), kind: kindName, enabled, settings: given } }));
      }
      await queryClient.invalidateQueries({ queryKey: ["channels"] });
      done(t("common.saved"));
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
      title={channel ? channel.name : t("channels.add")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button kind="primary" busy={busy} type="submit" form="channel-form" disabled={!kind?.available}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form
        id="channel-form"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {!channel && (
          <Select
            label={t("channels.kind")}
            value={kindName}
            hint={kind?.available ? t(`channel_hint.${kindName as "email"}`) : kind?.hint}
            onChange={(event) => setKindName(event.target.value)}
          >
            {kinds.map((each) => (
              <option key={each.kind} value={each.kind}>
                {words(`channel_kind.${each.kind}`, { defaultValue: each.kind })}
              </option>
            ))}
          </Select>
        )}
        <Input label={t("channels.name")} value={name} onChange={(event) => setName(event.target.value)} required maxLength={128} />
        {fieldsOf(kind).map(([field, property]) => {
          const label = words(`setting.${field}`, { defaultValue: property.title ?? field });
          const type = typeOf(property);
          const set = (value: unknown) => setSettings((now) => ({ ...now, [field]: value }));
          const value = settings[field] ?? property.default ?? "";
          if (type === "boolean")
            return <Checkbox key={field} label={label} checked={Boolean(value)} onChange={(event) => set(event.target.checked)} />;
          if (property.enum) {
            return (
              <Select key={field} label={label} value={String(value)} onChange={(event) => set(event.target.value)}>
                {property.enum.map((each) => (
                  <option key={each} value={each}>
                    {words(`setting_value.${each}`, { defaultValue: each })}
                  </option>
                ))}
              </Select>
            );
          }
          const numeric = type === "integer" || type === "number";
          const kept = property.writeOnly && channel?.secrets_set.includes(field);
          return (
            <Input
              key={field}
              label={label}
              hint={kept ? t("channels.secret_kept") : property.description}
              type={property.writeOnly ? "password" : numeric ? "number" : "text"}
              step={type === "number" ? "any" : undefined}
              required={required.has(field) && !kept}
              autoComplete={property.writeOnly ? "new-password" : "off"}
              value={property.writeOnly ? String(settings[field] ?? "") : String(value)}
              onChange={(event) => set(numeric && event.target.value !== "" ? Number(event.target.value) : event.target.value)}
            />
          );
        })}
        <Switch label={t("channels.enabled")} checked={enabled} onChange={setEnabled} />
        <Fault error={problem} />
      </form>
    </Dialog>
  );
}
