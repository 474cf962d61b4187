import base from "./playwright.config";

/** Measurements, which `npm run measure` takes: they say numbers, and fail only where those are beyond what was promised. */
export default { ...base, testDir: "measure", timeout: 600_000, outputDir: "test-results/measured" };
