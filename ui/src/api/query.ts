import { QueryClient } from "@tanstack/react-query";
import { isApiError } from "./problem";

/** What may work a second time is asked again; what was refused is not. */
const retry = (failures: number, error: unknown) => failures < 2 && (!isApiError(error) || error.status === 0 || error.status >= 500);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry, staleTime: 10_000, refetchOnWindowFocus: true, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
