import { useEffect, useState } from "react";
import { fetchPicture } from "@/api/media";

/** A picture that only this log-in may see. Nothing is shown where there is none. */
export function SecuredPicture({ path, alt, className }: { path: string; alt: string; className?: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let shown: string | null = null;
    fetchPicture(path, stop.signal).then(
      (fetched) => {
        shown = fetched.url;
        if (stop.signal.aborted) URL.revokeObjectURL(fetched.url);
        else setUrl(fetched.url);
      },
      () => undefined,
    );
    return () => {
      stop.abort();
      if (shown) URL.revokeObjectURL(shown);
    };
  }, [path]);
  return url ? <img src={url} alt={alt} className={className} draggable={false} /> : <span className={className} />;
}
