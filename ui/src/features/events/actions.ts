import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { queryClient } from "@/api/query";
import { done, failed } from "@/components/ui/toast";
import { type EventDetail, keepEvent, patchRow } from "./cache";
import type { Review } from "./filters";

type CorrectedType = Exclude<Schemas["EventPatch"]["corrected_type"], null | undefined>;

type Change =
  | { kind: "acknowledge" }
  | { kind: "unacknowledge" }
  | { kind: "review"; review: Review }
  | { kind: "lock"; locked: boolean }
  | { kind: "note"; note: string }
  | { kind: "type"; type: CorrectedType };

const optimistic = (change: Change): Partial<Schemas["EventRead"]> => {
  switch (change.kind) {
    case "acknowledge":
      return { acknowledged: true };
    case "unacknowledge":
      return { acknowledged: false };
    case "review":
      return { review: change.review };
    case "lock":
      return { locked: change.locked };
    case "note":
      return { note: change.note || null };
    case "type":
      return { corrected_type: change.type || null };
  }
};

function send(id: string, change: Change): Promise<EventDetail> {
  const params = { path: { event_id: id } };
  const patch = (body: Schemas["EventPatch"]) => take(api.PATCH("/api/v1/events/{event_id}", { params, body }));
  switch (change.kind) {
    case "acknowledge":
      return take(api.POST("/api/v1/events/{event_id}/acknowledge", { params }));
    case "unacknowledge":
      return take(api.DELETE("/api/v1/events/{event_id}/acknowledge", { params }));
    case "review":
      return patch({ review: change.review });
    case "lock":
      return patch({ locked: change.locked });
    case "note":
      return patch({ note: change.note });
    case "type":
      return patch({ corrected_type: change.type });
  }
}

let last: (() => void) | undefined;

/** Take back what was done last. */
export const undoLast = () => {
  last?.();
  last = undefined;
};

/** What may be done with one event: shown at once, taken back where the server refuses. */
export function useEventActions(event: EventDetail) {
  const { t } = useTranslation();
  const { mutate, isPending } = useMutation({
    mutationFn: (change: Change) => send(event.id, change),
    onMutate: async (change) => {
      await queryClient.cancelQueries({ queryKey: ["event", event.id], exact: true });
      const before = queryClient.getQueryData<EventDetail>(["event", event.id]);
      const values = optimistic(change);
      queryClient.setQueryData<EventDetail>(["event", event.id], (known) => known && { ...known, ...values });
      patchRow(event.id, values);
      return before;
    },
    onSuccess: (answer) => {
      keepEvent(answer);
      void queryClient.invalidateQueries({ queryKey: ["counts"] });
    },
    onError: (error, _change, before) => {
      if (before) keepEvent(before);
      failed(error);
    },
  });

  const act = (change: Change, back: Change[], words: string) => {
    const undo = () => {
      for (const each of back) mutate(each);
    };
    last = undo;
    mutate(change, { onSuccess: () => done(words, undo) });
  };
  const { acknowledged, review, locked, note } = event;
  const type = (event.corrected_type ?? "") as CorrectedType;

  return {
    busy: isPending,
    toggleAcknowledged: () =>
      acknowledged
        ? act({ kind: "unacknowledge" }, [{ kind: "acknowledge" }], t("events.did_unacknowledge"))
        : act({ kind: "acknowledge" }, [{ kind: "unacknowledge" }], t("events.did_acknowledge")),
    review: (next: Review) => {
      if (next === review) return;
      act({ kind: "review", review: next }, [{ kind: "review", review }], t("events.did_review", { review: t(`review.${next}`) }));
    },
    toggleLock: () =>
      act({ kind: "lock", locked: !locked }, [{ kind: "lock", locked }], t(locked ? "events.did_unlock" : "events.did_lock")),
    saveNote: (text: string) => act({ kind: "note", note: text }, [{ kind: "note", note: note ?? "" }], t("events.did_note")),
    correct: (next: CorrectedType) => act({ kind: "type", type: next }, [{ kind: "type", type }], t("events.did_type")),
  };
}

/** Acknowledge many at once; what the API refused is said. */
export async function acknowledgeMany(body: Schemas["BulkAcknowledge"]): Promise<{ done: number; refused: number }> {
  let done = 0;
  let refused = 0;
  for (;;) {
    const answer = await take(api.POST("/api/v1/events/acknowledge", { body }));
    for (const { event_id, answer: what } of answer.items) {
      if (what === "forbidden" || what === "not_found") refused += 1;
      else {
        done += 1;
        patchRow(event_id, { acknowledged: true });
        void queryClient.invalidateQueries({ queryKey: ["event", event_id] });
      }
    }
    if (!answer.more || !answer.items.some(({ answer: what }) => what === "acknowledged")) break;
  }
  void queryClient.invalidateQueries({ queryKey: ["counts"] });
  return { done, refused };
}
