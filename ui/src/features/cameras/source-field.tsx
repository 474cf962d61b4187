import { PlugZap } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Fault, Loading } from "@/components/ui/states";
import { SourceTestResult } from "./source-test";

type Tested = Schemas["CameraTest"];
type Props = {
  value: string;
  onChange: (source: string) => void;
  hint: string;
  /** Asks the API to try it. */
  test: (source: string) => Promise<Tested>;
  onTested?: (source: string, result: Tested) => void;
  /** Trying it is what to do next. */
  first?: boolean;
  autoFocus?: boolean;
};

/** A camera's address, with what it delivers when it is tried. A result is forgotten when another address is put in. */
export function SourceField({ value, onChange, hint, test, onTested, first, autoFocus }: Props) {
  const { t } = useTranslation();
  const [trying, setTrying] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [tried, setTried] = useState<{ source: string; result: Tested } | null>(null);
  const run = async () => {
    setTrying(true);
    setProblem(null);
    setTried(null);
    try {
      const result = await test(value.trim());
      setTried({ source: value, result });
      onTested?.(value, result);
    } catch (error) {
      setProblem(error);
    } finally {
      setTrying(false);
    }
  };
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-end gap-2">
        <Input
          className="min-w-64 flex-1"
          label={t("camera.source")}
          hint={hint}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !first) return;
            event.preventDefault();
            void run();
          }}
          placeholder="rtsp://user:password@192.168.1.20:554/stream1"
          required
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          autoFocus={autoFocus}
        />
        <Button
          kind={first ? "primary" : "plain"}
          busy={trying}
          disabled={!value.trim()}
          onClick={() => void run()}
          icon={<PlugZap className="size-4" aria-hidden />}
          className="md:mb-[1.45rem]"
        >
          {t("new_camera.test")}
        </Button>
      </div>
      {trying && <Loading className="p-6" words={t("new_camera.trying")} />}
      {tried?.source === value && <SourceTestResult result={tried.result} />}
      <Fault error={problem} />
    </div>
  );
}
