import { Copy } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { done, failed } from "@/components/ui/toast";
import { dateTime } from "@/i18n/format";

type Secret = { title: string; text: string; value: string; expires?: string | null };

/** Something that is shown this once: a link with a code, a key. */
export function SecretDialog({ secret, onClose }: { secret: Secret | null; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={secret !== null}
      onClose={onClose}
      title={secret?.title}
      description={secret?.text}
      footer={<Button onClick={onClose}>{t("common.close")}</Button>}
    >
      <div className="flex flex-col gap-3">
        <code className="rounded-md bg-sunken px-3 py-2.5 font-mono text-sm break-all select-all" data-secret>
          {secret?.value}
        </code>
        <div className="flex flex-wrap items-center justify-between gap-2">
          <span className="text-sm text-muted">{secret?.expires ? t("people.good_until", { time: dateTime(secret.expires) }) : null}</span>
          {navigator.clipboard && (
            <Button
              icon={<Copy className="size-4" aria-hidden />}
              onClick={() => void navigator.clipboard.writeText(secret?.value ?? "").then(() => done(t("common.copied")), failed)}
            >
              {t("common.copy")}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

export type { Secret };
