import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { TYPES } from "@/features/severity/rows";
import { useEventActions } from "./actions";
import type { EventDetail } from "./cache";
import { typeWord } from "./words";

type Type = Exclude<Schemas["EventPatch"]["corrected_type"], null | undefined>;

/** What the event is in truth, by whoever has seen it: it stands above what rules and models say, and can be left to them again. */
export function CorrectType({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const { busy, correct } = useEventActions(event);
  return (
    <label className="mt-3 flex flex-wrap items-center gap-x-2.5 gap-y-1 border-t border-line pt-3 text-sm">
      <span className="text-muted">{t("looked.type")}</span>
      <select
        className="control min-h-8 w-auto py-0.5 text-sm"
        value={event.corrected_type ?? ""}
        disabled={busy}
        title={t("looked.type_hint")}
        onChange={(change) => correct(change.target.value as Type)}
      >
        <option value="">{t("looked.type_left", { type: typeWord(t, event.vlm_type ?? event.subtype ?? event.kind) })}</option>
        {TYPES.map((type) => (
          <option key={type} value={type}>
            {typeWord(t, type)}
          </option>
        ))}
      </select>
    </label>
  );
}
