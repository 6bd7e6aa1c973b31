import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `npm run dev` serves these pages and leaves the rest to a service that runs beside it. */
const service = process.env["HOLDFAST_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: {
      "holdfast-client": here("../clients/typescript/src/index.ts"),
      "openapi-fetch": here("node_modules/openapi-fetch"),
    },
    // Vitest would otherwise take the build of Svelte that renders on a server.
    ...(process.env["VITEST"] ? { conditions: ["browser"] } : {}),
  },
  build: {
    target: "es2022",
    // Whatever lies in here has a digest in its name, and the service serves it as immutable.
    assetsDir: "assets",
    // A picture inside a stylesheet would be a `data:` address, which the CSP would have to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": service, "/openapi.json": service, "/docs": service } },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"] },
});
