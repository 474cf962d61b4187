import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { Pencil, Plus, Send, Trash2, Waypoints } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/field";
import { Empty, Failure, Fault, Skeleton } from "@/components/ui/states";
import { ChannelForm } from "@/features/rules/channel-form";
import { NoticesPage } from "@/features/rules/frame";
import { type Channel, channelsQuery, kindsQuery } from "@/features/rules/queries";
import { TriedList } from "@/features/rules/tried";
import { useMe } from "@/features/session/use-session";
import { currentLanguage } from "@/i18n";

export const Route = createFileRoute("/_app/rules/channels")({ component: ChannelsPage });

function ChannelsPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const channels = useQuery(channelsQuery);
  const kinds = useQuery(kindsQuery);
  const [editing, setEditing] = useState<Channel | "new" | null>(null);
  const [testing, setTesting] = useState<Channel | null>(null);
  const [removing, setRemoving] = useState<Channel | null>(null);
  const words = t as unknown as (key: string, options: object) => string;
  const add = (
    <Button kind="primary" icon={<Plus className="size-4" aria-hidden />} disabled={!kinds.data} onClick={() => setEditing("new")}>
      {t("channels.add")}
    </Button>
  );
  return (
    <NoticesPage actions={(channels.data?.channels.length ?? 0) > 0 && add}>
      {channels.isError ? (
        <Failure error={channels.error} retry={() => void channels.refetch()} />
      ) : channels.isPending ? (
        <Skeleton className="h-32" />
      ) : channels.data.channels.length === 0 ? (
        <div className="panel">
          <Empty icon={<Waypoints strokeWidth={1.5} />} title={t("channels.none")}>
            {t("channels.none_text")}
            {add}
          </Empty>
        </div>
      ) : (
        <ul className="panel divide-y divide-line">
          {channels.data.channels.map((channel) => {
            const state = channel.broken ? "broken" : channel.failing ? "failing" : channel.enabled ? "ready" : "off";
            return (
              <li key={channel.id} className="flex flex-wrap items-center gap-3 px-4 py-3">
                <div className="min-w-0 flex-1">
                  <p className="font-semibold">{channel.name}</p>
                  <p className="text-sm text-muted">{words(`channel_kind.${channel.kind}`, { defaultValue: channel.kind })}</p>
                </div>
                <p
                  className={cx(
                    "text-sm",
                    state === "broken" || state === "failing" ? "font-semibold text-high" : state === "ready" ? "text-text" : "text-muted",
                  )}
                >
                  {t(`channels.${state}`)}
                  {channel.broken && <span className="block font-normal text-muted">{channel.broken}</span>}
                </p>
                <span className="flex gap-1">
                  <IconButton label={t("channels.test", { name: channel.name })} onClick={() => setTesting(channel)}>
                    <Send className="size-4" aria-hidden />
                  </IconButton>
                  <IconButton label={t("channels.edit", { name: channel.name })} onClick={() => setEditing(channel)}>
                    <Pencil className="size-4" aria-hidden />
                  </IconButton>
                  <IconButton label={t("channels.remove", { name: channel.name })} onClick={() => setRemoving(channel)}>
                    <Trash2 className="size-4" aria-hidden />
                  </IconButton>
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {editing && kinds.data && (
        <ChannelForm kinds={kinds.data.kinds} channel={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      )}
      {testing && (
        <TestDialog
          channel={testing}
          wantsTarget={kinds.data?.kinds.find((kind) => kind.kind === testing.kind)?.target_needed ?? false}
          onClose={() => setTesting(null)}
        />
      )}
      <Confirm
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={t("channels.remove_title", { name: removing?.name ?? "" })}
        action={t("common.delete")}
        danger
        onConfirm={async () => {
          await take(api.DELETE("/api/v1/channels/{channel_id}", { params: { path: { channel_id: removing?.id ?? "" } } }));
          await client.invalidateQueries({ queryKey: ["channels"] });
        }}
      >
        {t("channels.remove_text")}
      </Confirm>
    </NoticesPage>
  );
}

function TestDialog({ channel, wantsTarget, onClose }: { channel: Channel; wantsTarget: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const [target, setTarget] = useState(me.email ?? "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [result, setResult] = useState<Schemas["TriedRead"] | null>(null);
  const send = async () => {
    setBusy(true);
    setProblem(null);
    setResult(null);
    try {
      const body = { target: wantsTarget ? target.trim() : "", language: currentLanguage() };
      setResult(await take(api.POST("/api/v1/channels/{channel_id}/test", { params: { path: { channel_id: channel.id } }, body })));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("channels.test", { name: channel.name })}
      description={t("channels.test_text")}
      footer={
        <Button kind="primary" busy={busy} disabled={wantsTarget && !target.trim()} onClick={() => void send()}>
          {t("channels.send")}
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        {wantsTarget && <Input label={t("channels.target")} value={target} onChange={(event) => setTarget(event.target.value)} />}
        {result && <TriedList results={[result]} channels={new Map([[channel.id, channel.name]])} />}
        <Fault error={problem} />
      </div>
    </Dialog>
  );
}
