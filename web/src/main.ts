import { mount } from "svelte";
import App from "./App.svelte";
import { preferred, speak } from "./app/i18n.ts";
import { followLinks } from "./app/router.svelte.ts";
import { dress } from "./app/theme.svelte.ts";
import "./styles/tokens.css";
import "./styles/base.css";

dress();
followLinks();
await speak(preferred());

const target = document.getElementById("app");
if (target) {
  mount(App, { target });
}
