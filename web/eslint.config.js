import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist/", ".dist.*/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: globals.browser } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { extraFileExtensions: [".svelte"], parser: ts.parser, svelteConfig },
    },
  },
  {
    rules: {
      // TypeScript knows what there is.
      "no-undef": "off",
      // Addresses here are made by `address()`; there is no SvelteKit to resolve them.
      "svelte/no-navigation-without-resolve": "off",
      // What is to be followed is $state; a Set or a URL beside it is only a Set or a URL.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
);
