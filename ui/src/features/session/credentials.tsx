import { useState } from "react";
import { useTranslation } from "react-i18next";
import { signIn } from "@/api/session";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Fault } from "@/components/ui/states";
import { currentLanguage } from "@/i18n";

type Way = "login" | "setup" | "register" | "reset";

/** The form of all four ways in: which of code, name and password it asks for follows from the way. */
export function Credentials({ way, code = "", username = "", onDone }: { way: Way; code?: string; username?: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (form: FormData) => {
    const password = String(form.get("password"));
    const body: Record<string, unknown> = { password };
    if (way !== "reset") body.username = String(form.get("username")).trim();
    if (way !== "login") body.code = String(form.get("code")).trim() || undefined;
    if (way === "setup" || way === "register") body.language = currentLanguage();
    setBusy(true);
    setError(null);
    try {
      await signIn({ path: `/${way}`, body });
      onDone();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      {way !== "login" && (
        <Input
          name="code"
          label={t(`session.code_${way}`)}
          hint={way === "setup" ? t("session.code_hint") : undefined}
          defaultValue={code}
          required={way !== "register"}
          autoComplete="one-time-code"
          autoFocus={!code}
          spellCheck={false}
        />
      )}
      {way !== "reset" && (
        <Input
          name="username"
          label={t("session.username")}
          defaultValue={username}
          required
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus={way === "login" && !username}
        />
      )}
      <Input
        name="password"
        type="password"
        label={t(way === "login" ? "session.password" : "session.new_password")}
        hint={way === "login" ? undefined : t("session.password_hint")}
        required
        autoComplete={way === "login" ? "current-password" : "new-password"}
        autoFocus={Boolean(username)}
      />
      <Fault error={error} />
      <Button kind="primary" type="submit" busy={busy}>
        {t(`session.submit_${way}`)}
      </Button>
    </form>
  );
}
