import { Plus, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { Checkbox, Input } from "@/components/ui/field";
import type { Channel, ChannelKind } from "./queries";
import { Recipients } from "./recipients";

type Step = Schemas["EscalationModel"];
type Props = { value: readonly Step[]; channels: readonly Channel[]; kinds: readonly ChannelKind[]; onChange: (value: Step[]) => void };

/** Whom to tell when nobody has acknowledged the event after a while. */
export function Escalation({ value, channels, kinds, onChange }: Props) {
  const { t } = useTranslation();
  const change = (index: number, next: Partial<Step>) =>
    onChange(value.map((step, place) => (place === index ? { ...step, ...next } : step)));
  const wantsTarget = (step: Step) =>
    channels.some((channel) => step.channel_ids.includes(channel.id) && kinds.find((kind) => kind.kind === channel.kind)?.target_needed);
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-1 text-sm font-medium">{t("escalation.title")}</legend>
      {value.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have no names, only their place.
        <div key={index} className="flex flex-col gap-3 rounded-md border border-line p-3">
          <div className="flex items-end gap-3">
            <Input
              className="w-48"
              type="number"
              min={1}
              max={10080}
              step="any"
              label={t("escalation.after")}
              value={step.after_s / 60}
              onChange={(event) => change(index, { after_s: Math.max(10, Number(event.target.value) * 60) })}
            />
            <IconButton className="ml-auto" label={t("escalation.remove")} onClick={() => onChange(value.filter((each) => each !== step))}>
              <Trash2 className="size-4" aria-hidden />
            </IconButton>
          </div>
          <div className="grid gap-x-4 sm:grid-cols-2 lg:grid-cols-3">
            {channels.map((channel) => (
              <Checkbox
                key={channel.id}
                label={channel.name}
                checked={step.channel_ids.includes(channel.id)}
                onChange={(event) =>
                  change(index, {
                    channel_ids: event.target.checked
                      ? [...step.channel_ids, channel.id]
                      : step.channel_ids.filter((id) => id !== channel.id),
                  })
                }
              />
            ))}
          </div>
          {wantsTarget(step) && <Recipients value={step.recipients ?? []} onChange={(recipients) => change(index, { recipients })} />}
        </div>
      ))}
      {value.length < 8 && (
        <Button
          className="self-start"
          icon={<Plus className="size-4" aria-hidden />}
          onClick={() => onChange([...value, { after_s: 300, channel_ids: [], recipients: [] }])}
        >
          {t("escalation.add")}
        </Button>
      )}
    </fieldset>
  );
}
