// Builds what ballastd serves: one page, one script, one style sheet, with fixed names, because the
// daemon tells browsers by ETag when they changed.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  worker: {
    format: "es",
    rollupOptions: { output: { entryFileNames: "assets/[name].js" } },
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: true,
    rollupOptions: {
      output: {
        entryFileNames: "assets/app.js",
        inlineDynamicImports: true,
        assetFileNames: (asset) =>
          asset.names[0]?.endsWith(".css") ? "assets/app.css" : "assets/[name][extname]",
      },
    },
  },
});
