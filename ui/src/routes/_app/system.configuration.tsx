import { useQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { Failure, Loading } from "@/components/ui/states";
import { SystemFrame } from "@/features/system/frame";

export const Route = createFileRoute("/_app/system/configuration")({ component: ConfigurationPage });

function ConfigurationPage() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["configuration"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/system/configuration", { signal })),
  });
  if (isPending) return <Loading />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const sections = Object.entries(data.sections).filter(
    (entry): entry is [string, Record<string, unknown>] => typeof entry[1] === "object" && entry[1] !== null && !Array.isArray(entry[1]),
  );
  return (
    <SystemFrame>
      <p className="max-w-3xl text-sm text-muted">{t("system.configuration_lead")}</p>
      <div className="columns-1 gap-5 lg:columns-2">
        {sections.map(([name, settings]) => (
          <section key={name} className="panel mb-5 break-inside-avoid p-4">
            <h2 className="mb-2 font-mono text-sm font-semibold">[{name}]</h2>
            <dl className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)] gap-x-4 gap-y-1 font-mono text-[0.8125rem]">
              {Object.entries(settings).map(([key, value]) => (
                <div key={key} className="contents">
                  <dt className="text-muted">{key}</dt>
                  <dd className="break-words">{shown(value)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </SystemFrame>
  );
}

const shown = (value: unknown): string =>
  value === null || value === "" ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
