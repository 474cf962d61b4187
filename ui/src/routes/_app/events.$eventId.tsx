import { createFileRoute } from "@tanstack/react-router";
import { EventPane } from "@/features/events/detail";

export const Route = createFileRoute("/_app/events/$eventId")({ component: Pane });

function Pane() {
  return <EventPane id={Route.useParams().eventId} />;
}
