import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig(
  // Generated: what is wrong there is to be mended in the contract.
  { ignores: ["dist/", "src/schema.ts", "src/contract.ts"] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  { languageOptions: { parserOptions: { projectService: true } } },
  { files: ["*.js"], extends: [ts.configs.disableTypeChecked] },
  {
    files: ["src/**", "test/**"],
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["test/**"],
    rules: {
      // What test() and describe() give is node's to wait for.
      "@typescript-eslint/no-floating-promises": "off",
    },
  },
);
