// Pages are the part of the address after "#": it never reaches the server, and a reload stays.
import { useEffect, useState } from "preact/hooks";

export const PAGES = ["host", "guests", "blame", "log", "policy"] as const;
export type Page = (typeof PAGES)[number] | "guest";

export interface Route {
  page: Page;
  /** Of the guest page: which; of the log: only of this guest; else "". */
  name: string;
}

export function parseRoute(hash: string): Route {
  const [page = "", encoded = ""] = hash.replace(/^#\/?/, "").split("/", 2);
  let name = "";
  try {
    name = decodeURIComponent(encoded);
  } catch {
    /* A broken escape is no name. */
  }
  if (page === "guest" && name !== "") return { page, name };
  const known = PAGES.find((one) => one === page);
  return known === undefined ? { page: "host", name: "" } : { page: known, name };
}

export function link(page: Page, name = ""): string {
  return name === "" ? `#/${page}` : `#/${page}/${encodeURIComponent(name)}`;
}

export function useRoute(): Route {
  const [route, set] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => set(parseRoute(location.hash));
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return route;
}
