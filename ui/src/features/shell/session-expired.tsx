import { Dialog } from "radix-ui";
import { useTranslation } from "react-i18next";
import { queryClient } from "@/api/query";
import { forget } from "@/api/session";
import { Button } from "@/components/ui/button";
import { Credentials } from "@/features/session/credentials";
import { useSession } from "@/features/session/use-session";

/** Logging in again where one was: the page behind stays as it is, and hidden. */
export function SessionExpired() {
  const { t } = useTranslation();
  const session = useSession();
  if (session.state !== "expired") return null;
  return (
    <Dialog.Root open>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-bg/90 backdrop-blur-md" />
        <Dialog.Content
          onEscapeKeyDown={(event) => event.preventDefault()}
          onInteractOutside={(event) => event.preventDefault()}
          className="panel fixed top-1/2 left-1/2 z-50 flex w-[calc(100vw-2rem)] max-w-sm -translate-x-1/2 -translate-y-1/2 flex-col gap-5 p-6"
        >
          <header>
            <Dialog.Title className="text-lg font-semibold">{t("session.expired_title")}</Dialog.Title>
            <Dialog.Description className="mt-1 text-sm text-muted">{t("session.expired_lead")}</Dialog.Description>
          </header>
          <Credentials way="login" username={session.me.username} onDone={() => void queryClient.invalidateQueries()} />
          <Button kind="quiet" size="sm" onClick={forget}>
            {t("session.expired_leave")}
          </Button>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
