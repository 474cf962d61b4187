import { ImageOff, Server } from "lucide-react";
import { useEffect, useState } from "react";
import { fetchPicture } from "@/api/media";
import { cx } from "@/components/ui/cx";

const KEPT = 240;
const cache = new Map<string, Promise<string>>();

function load(id: string, version: string): Promise<string> {
  const key = `${id}:${version}`;
  const known = cache.get(key);
  if (known) return known;
  const loading = fetchPicture(`/api/v1/events/${id}/thumbnail`).then(({ url }) => url);
  cache.set(key, loading);
  loading.catch(() => cache.delete(key));
  while (cache.size > KEPT) {
    const [oldest] = cache.keys();
    if (oldest === undefined) break;
    void cache
      .get(oldest)
      ?.then((url) => URL.revokeObjectURL(url))
      .catch(() => undefined);
    cache.delete(oldest);
  }
  return loading;
}

type Props = { event: { id: string; kind: string; status: string; has_thumbnail: boolean }; className?: string };

/** The picture of an event at its peak. */
export function Thumbnail({ event, className }: Props) {
  const [url, setUrl] = useState<string | null>(null);
  const { id, has_thumbnail: has, status } = event;
  useEffect(() => {
    let current = true;
    setUrl(null);
    if (has) {
      load(id, status).then(
        (loaded) => current && setUrl(loaded),
        () => undefined,
      );
    }
    return () => {
      current = false;
    };
  }, [id, has, status]);
  return (
    <span className={cx("flex shrink-0 items-center justify-center overflow-hidden rounded-sm bg-sunken text-faint", className)}>
      {url ? (
        <img src={url} alt="" className="size-full object-cover" draggable={false} />
      ) : event.kind === "system" ? (
        <Server className="size-5" strokeWidth={1.5} aria-hidden />
      ) : has ? null : (
        <ImageOff className="size-5" strokeWidth={1.5} aria-hidden />
      )}
    </span>
  );
}
