/** A one-time code that a link carries behind the `#`, where no server sees it; taken out of the address at once. */
export function codeInAddress(): string {
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code") ?? "";
  if (code) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return code;
}
